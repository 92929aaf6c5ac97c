"""The pages in a real browser: what each shows is what happened, by every transport; no console says anything."""

import re

import pytest
from tools.browser import demonstrating, frame_of, looking, number_in
from tools.lab import eventually, needs, serving
from tools.proxies import running

from loadtests.runs.ports import free_port

pytestmark = pytest.mark.starts

TITLES = {"polling": "Polling", "long-polling": "Long polling", "websocket": "WebSocket",
          "server-sent-events": "Server-sent events"}  # fmt: skip
each = pytest.mark.parametrize("transport", TITLES)


@pytest.fixture(scope="module")
def demo():
    """A fast demonstration, so that tests wait less: guests, polls every half second, 5 messages a second."""
    with demonstrating("--guests", "--rtt", "20", "--rate", "5", "--poll-interval", "0.5") as running:
        yield running


def lane(page, transport):
    return frame_of(page, TITLES[transport])


def of_cut(text):
    """What a console may say of a connection that was lost on purpose."""
    return "WebSocket connection" in text or "Failed to load resource" in text or "ERR_" in text


# ---- A lane


@each
def test_each_server_alone_serves_its_lane(browser, transport):
    source = ["--source", "clock", "--rate", "10"]
    with serving(transport, "--port", "0", *source, transports=(transport,)) as servers:
        url = servers.url(transport).replace("ws:", "http:")
        with looking(browser, url) as page:
            eventually(lambda: int(page.inner_text("#messages")) >= 5)
            assert page.inner_text("h1") == TITLES[transport]
            assert page.inner_text("#state") == "connected" and page.inner_text("#lost") == "0"
            assert number_in(page.inner_text("#mean")) >= 0


def test_a_missing_token_is_one_line_on_the_page(browser):
    command = ["--guests", "--ports", "0,0,0,0", "--source", "none", "--host", "0.0.0.0"]
    script = f"import servers.__main__ as command; raise SystemExit(command.main({command!r}))"
    with pytest.raises(AssertionError, match="can read and publish"), serving(script=script) as servers:
        port = servers.ports["polling"]
        with looking(browser, f"http://127.0.0.1:{port}/?token={servers.token}") as page:
            eventually(lambda: page.inner_text("#state") in ("connected", "connecting"))
        with looking(browser, f"http://127.0.0.1:{port}/", allowed=lambda text: True) as page:
            eventually(lambda: "the token that the server printed is missing" in page.inner_text("#state"))


def test_a_hidden_tab_pauses_and_says_so(browser):
    hide = "Object.defineProperty(document, 'hidden', {value: %s, configurable: true});" \
           "document.dispatchEvent(new Event('visibilitychange'))"  # fmt: skip
    with serving("polling", "--port", "0", "--source", "clock", "--rate", "10", transports=("polling",)) as servers:
        with looking(browser, servers.url("polling")) as page:
            eventually(lambda: int(page.inner_text("#messages")) >= 2)
            page.evaluate(hide % "true")
            assert page.inner_text("#state") == "paused: the tab is hidden"
            seen = int(page.inner_text("#messages"))
            page.wait_for_timeout(800)
            assert int(page.inner_text("#messages")) <= seen + 5, "what was under way may arrive"
            page.evaluate(hide % "false")
            eventually(lambda: page.inner_text("#state") == "connected")
            assert page.inner_text("#lost") == "0"


# ---- The race


@pytest.fixture
def race(browser, demo):
    with looking(browser, demo.url, allowed=of_cut) as page:
        eventually(lambda: all(int(lane(page, name).inner_text("#messages")) >= 3 for name in TITLES))
        yield page


def test_the_race_shows_each_lane_and_what_the_tap_counts(race):
    race.click("text=Show measured and model")
    for transport, title in TITLES.items():
        frame = lane(race, transport)
        assert frame.inner_text("h1") == title
        assert number_in(frame.inner_text("#overhead")) > 0 and frame.query_selector(".dot")
        row = race.query_selector(f'#compared tr[data-transport="{transport}"]')
        latency, overhead = (number_in(cell.inner_text()) for cell in row.query_selector_all(".measured"))
        assert latency > 10 and overhead > 0
    few, many = (number_in(lane(race, name).inner_text("#overhead")) for name in ("websocket", "long-polling"))
    assert few < 10 < 300 < many


def test_a_guess_stands_next_to_what_was_measured(race):
    race.fill("[aria-label='Polling: mean latency, ms, your guess']", "123")
    row = race.query_selector('#compared tr[data-transport="polling"]')
    assert not row.query_selector(".measured").is_visible(), "first the guess"
    race.click("text=Show measured and model")
    assert row.query_selector_all("td")[0].inner_text() == "123" and row.query_selector(".measured").is_visible()


def test_a_text_arrives_in_each_lane_and_markup_stays_text(race, demo):
    demo.do("settings", paused=True)
    try:
        race.fill("#say input", "<b>hello</b>")
        race.click("text=Post to all lanes")
        for transport in TITLES:
            frame = lane(race, transport)
            eventually(lambda frame=frame: frame.inner_text("#latest") == "<b>hello</b>")
            assert frame.query_selector("#latest b") is None
    finally:
        demo.do("settings", paused=False)


def test_settings_change_what_is_measured(race, demo):
    race.select_option("[name=rtt_ms]", "200")
    try:
        eventually(lambda: (number_in(lane(race, "websocket").inner_text("#mean")) or 0) > 95)
        race.select_option("[name=cookie_bytes]", "1000")
        polling = lane(race, "polling")
        eventually(lambda: "cookies" in polling.inner_text("#key"))
    finally:
        demo.do("settings", rtt_ms=20, cookie_bytes=0)


def test_the_inspector_strikes_out_what_nobody_needs(race):
    frame = lane(race, "long-polling")
    frame.click("summary")
    eventually(lambda: "User-Agent" in frame.inner_text("#exchanges"))
    unneeded = frame.eval_on_selector_all("span.unneeded", "all => all.map(each => each.textContent)")
    assert any("User-Agent" in line for line in unneeded) and not any("Host:" in line for line in unneeded)


def test_after_a_cut_every_lane_goes_on_without_loss(race, demo):
    demo.do("cut", seconds=1.5)
    before = {name: int(lane(race, name).inner_text("#messages")) for name in TITLES}
    eventually(lambda: all(int(lane(race, name).inner_text("#messages")) > before[name] + 8 for name in TITLES))
    assert {lane(race, name).inner_text("#lost") for name in TITLES} == {"0"}


REMEMBER = """
window.said = []
const latest = document.getElementById('latest')
new MutationObserver(() => said.push(latest.textContent)).observe(latest, {childList: true})
"""


def test_when_the_server_is_killed_each_lane_says_so_and_goes_on(race):
    for name in TITLES:
        lane(race, name).evaluate(REMEMBER)
    race.click("text=Kill server")
    eventually(lambda: "the server is gone" in race.inner_text("#problem"))
    for name in TITLES:
        frame = lane(race, name)
        eventually(lambda frame=frame: "the server has started again: a new feed" in frame.evaluate("said"))
        eventually(lambda frame=frame: frame.inner_text("#state") == "connected")


@pytest.mark.parametrize("width", [360, 1280, 1920])
@pytest.mark.parametrize("path", ["", "play", "talk", "class", "join", "seventh"])
def test_no_page_is_wider_than_its_window(browser, demo, path, width):
    with looking(browser, demo.url + path, viewport={"width": width, "height": 720}) as page:
        page.wait_for_load_state()
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for frame in page.frames[1:]:
            assert frame.evaluate("document.documentElement.scrollWidth <= innerWidth"), frame.url


def test_the_race_can_be_led_by_keyboard_alone(race, demo):
    race.focus("#cut")
    seen = []
    for _ in range(4):
        seen.append(race.evaluate("document.activeElement.id"))
        race.keyboard.press("Tab")
    assert seen == ["cut", "kill", "pause", "reset"]
    race.focus("#pause")
    race.keyboard.press("Enter")
    eventually(lambda: race.inner_text("#pause") == "Go on")
    race.keyboard.press("Enter")
    eventually(lambda: race.inner_text("#pause") == "Pause")
    assert race.evaluate("[...document.querySelectorAll('button, input, select, iframe')].every(each => "
                         "each.textContent.trim() || each.labels?.length || each.ariaLabel || each.title)")  # fmt: skip


# ---- The chat


def test_two_people_chat_over_different_transports(browser, demo):
    with looking(browser, demo.url + "talk") as one, looking(browser, demo.url + "talk") as other:
        for page, choice in ((one, "WebSocket"), (other, "Server-sent events")):
            page.click(f"text={choice}")
            frame = frame_of(page, "Chat")
            eventually(lambda frame=frame, choice=choice: frame.inner_text("h1") == f"Chat by {choice}")
            eventually(lambda frame=frame: frame.inner_text("#state") == "connected")
        pages = {"Ann": frame_of(one, "Chat"), "Ben": frame_of(other, "Chat")}
        for name, frame in pages.items():
            frame.fill("[name=name]", name)
            frame.fill("[name=text]", f"<i>hello from {name}</i>")
            frame.press("[name=text]", "Enter")
        for frame in pages.values():
            for name in pages:
                eventually(lambda frame=frame, name=name: f"<i>hello from {name}</i>" in frame.inner_text("#log"))
            assert frame.query_selector("#log i") is None
            line = next(text for text in frame.inner_text("#log").splitlines() if "hello from Ann" in text)
            assert re.search(r"sent by WebSocket, here after [\d.,]+ ms", line)


def test_who_stops_reads_no_more_and_goes_on_from_then(browser, demo):
    with looking(browser, demo.url + "talk") as page:
        frame = frame_of(page, "Chat")
        eventually(lambda: frame.inner_text("#state") == "connected" and "earthquake" in frame.inner_text("#log"))
        frame.click("#stop")
        assert frame.inner_text("#state") == "stopped"
        frame.click("#stop")
        eventually(lambda: frame.inner_text("#state") == "connected")


# ---- The seventh tab


def test_six_held_requests_keep_the_next_one_waiting(browser, demo):
    demo.do("settings", paused=True)
    try:
        with looking(browser, demo.url + "seventh", allowed=lambda text: "ERR_ABORTED" in text) as page:
            frame_of_held = eventually(lambda: page.frames[1:] and page.frames[1])
            frame_of_held.wait_for_load_state()
            page.wait_for_timeout(300)
            for _ in range(6):
                page.click("#add")
                page.wait_for_timeout(80)
            eventually(lambda: page.inner_text("#connections") == "6")
            page.click("#ask")
            page.wait_for_timeout(700)
            assert page.inner_text("#answer").startswith("waiting for")
            page.click("#end")
            eventually(lambda: page.inner_text("#answer").startswith("answered after"))
    finally:
        demo.do("settings", paused=False)


# ---- Behind a proxy

NGINX_AS_JUPYTERS = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
    uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
    map $http_upgrade $hop {{ default upgrade; "" ""; }}
    server {{
        listen 127.0.0.1:{port};
        location ~ ^/user/ann/proxy/([0-9]+)/(.*)$ {{
            proxy_pass http://127.0.0.1:$1/$2$is_args$args; proxy_http_version 1.1; proxy_buffering off;
            proxy_set_header Host $http_host; proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $hop;
        }}
    }}
}}
"""


def test_behind_a_proxy_as_jupyters_every_lane_works_and_says_that_bytes_are_not_its_own(browser, demo, tmp_path):
    port = free_port()
    file = tmp_path / "nginx.conf"
    file.write_text(NGINX_AS_JUPYTERS.format(folder=tmp_path, port=port))
    command = [needs("nginx"), "-p", str(tmp_path), "-e", str(tmp_path / "error.log"), "-c", str(file)]
    stage = f"http://127.0.0.1:{port}/user/ann/proxy/{demo.url.rstrip('/').rpartition(':')[2]}/"
    with running(command, port), looking(browser, stage, allowed=of_cut) as page:
        for name in TITLES:
            frame = lane(page, name)
            eventually(lambda frame=frame: int(frame.inner_text("#messages")) >= 3)
            assert frame.inner_text("#overhead-label") == "overhead per message, behind a proxy"
            frame.evaluate(REMEMBER)
        page.click("text=Kill server")  # the proxy answers 502, and hides how a WebSocket ended
        for name in TITLES:
            frame = lane(page, name)
            eventually(lambda frame=frame: "the server has started again: a new feed" in frame.evaluate("said"))
        page.goto(stage + "play")
        frame = frame_of(page, "Playground")
        frame.wait_for_selector("#endings button", state="attached")
        frame.click("summary:has-text('How a connection ends')")
        frame.click("#endings button:has-text('going away')")
        eventually(lambda: "code 1001" in frame.inner_text("#log"))
