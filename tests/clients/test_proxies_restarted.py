"""A client, a Locust user and a browser behind nginx and HAProxy: short keep-alives, and a restart under way."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from tools.following import FOLLOW
from tools.lab import LOCUST, ROOT, TRANSPORTS, Lab, eventually, needs
from tools.proxies import DEFAULTS, DOCUMENTED, HAPROXY_DOCUMENTED, Proxy, haproxy, nginx

from clients import polling
from clients.delivery import Disconnected, Reconnected
from loadtests.observe.browser import browsing

pytestmark = pytest.mark.starts

Start = Callable[[Lab, Path, str], AbstractContextManager[Proxy]]
USERS = {"polling": "PollingUser", "long-polling": "LongPollingUser", "websocket": "WebSocketUser"}
NGINX_SHORT = DOCUMENTED.replace("    listen 8080;\n", "    listen 8080;\n    keepalive_timeout 200ms;\n").replace(
    "keepalive 64;", "keepalive 64; keepalive_timeout 200ms;")  # fmt: skip
HAPROXY_SHORT = HAPROXY_DOCUMENTED.replace("    mode http\n", "    mode http\n    timeout http-keep-alive 200ms\n")
ALL: dict[str, tuple[Start, str]] = {
    "nginx by default": (nginx, DEFAULTS),
    "nginx": (nginx, DOCUMENTED),
    "nginx with short keep-alives": (nginx, NGINX_SHORT),
    "HAProxy": (haproxy, HAPROXY_DOCUMENTED),
    "HAProxy with short keep-alives": (haproxy, HAPROXY_SHORT),
}
CASES = [(name, transport) for name in ALL for transport in TRANSPORTS
         if (name, transport) != ("nginx by default", "websocket")]  # fmt: skip
each = pytest.mark.parametrize(("proxy", "transport"), CASES, indirect=["proxy"])
each_proxy = pytest.mark.parametrize("proxy", ALL, indirect=True)


@pytest.fixture(scope="module")
def proxy(request: pytest.FixtureRequest, lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    start, configuration = ALL[request.param]
    with start(lab, tmp_path_factory.mktemp("proxy"), configuration) as running:
        yield running


def newest(lab: Lab) -> int:
    return int(lab.status("polling")["newest"])


@each
def test_a_client_goes_on_after_a_restart(transport, proxy, lab):
    said: list[Disconnected | Reconnected] = []
    following = FOLLOW[transport](proxy.url(transport), newest(lab), on_change=said.append)
    lab.post("before")
    assert next(following).data == "before"
    proxy.stop()
    lab.post("meanwhile")
    proxy.start()
    lab.post("after")
    assert [delivery.data for delivery in islice(following, 2)] == ["meanwhile", "after"]
    following.close()
    assert [type(each) for each in said] in ([], [Disconnected, Reconnected]) and not any(back.gap for back in said[1:])


@pytest.mark.parametrize("name", [name for name in ALL if "short" in name])
def test_a_connection_that_ends_between_two_polls_is_no_loss(name, lab, tmp_path):
    """Each poll comes after the proxy has closed: it is made on a new connection, and nobody hears of it."""
    start, configuration = ALL[name]
    said: list[Disconnected | Reconnected] = []
    with start(lab, tmp_path, configuration) as proxy:
        following = polling.follow(proxy.url("polling"), newest(lab), interval=0.6, on_change=said.append)
        for number in range(3):
            lab.post(number)
            assert next(following).data == number
        following.close()
    assert said == []


@each_proxy
def test_locust_users_go_on_after_a_restart(proxy, lab, request):
    """Those of every transport at once: none loses a message, repeats one, or takes two in the wrong order."""
    users = {transport: USERS[transport] for name, transport in CASES if name == request.node.callspec.params["proxy"]}
    with ExitStack() as stack:
        running = {user: stack.enter_context(locust(user, proxy.url(transport))) for transport, user in users.items()}
        eventually(lambda: lab.post("before") and lab.status("long-polling")["clients"] == 2)
        post_for(1.0, lab)
        proxy.stop()
        post_for(0.3, lab)
        proxy.start()
        while any(process.poll() is None for process in running.values()):
            post_for(0.1, lab)
        for process in running.values():
            said = process.stdout.read()
            found = re.search(r"([\d,]+) deliveries, 0 lost, 0 repeated, 0 out of order", said)
            assert found and int(found[1].replace(",", "")) > 10 and "Traceback" not in said, said


def locust(user: str, url: str) -> subprocess.Popen[str]:
    command = [*LOCUST, user, "-u", "2", "-t", "4s", "--poll-interval", "0.5", "--host", url]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def post_for(seconds: float, lab: Lab) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        lab.post("x")
        time.sleep(0.05)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    needs("chromium")
    with browsing() as page:
        yield page


@each
def test_a_browser_goes_on_after_a_restart(transport, proxy, lab, page):
    after = newest(lab)
    page.goto(proxy.url(transport) + "status")
    page.add_script_tag(path=ROOT / "tests" / "tools" / "follow.js")
    where: list[Any] = [transport, proxy.url(transport), after, 4]
    page.evaluate("where => { window.received = follow(...where); }", where)
    lab.post("before")
    eventually(lambda: lab.status(transport)["deliveries"])
    page.wait_for_timeout(700)
    lab.post("idle")
    proxy.stop()
    lab.post("meanwhile")
    proxy.start()
    lab.post("after")
    assert page.evaluate("window.received") == ["before", "idle", "meanwhile", "after"]


def test_haproxy_keeps_the_servers_up_by_its_checks(lab, tmp_path):
    """Its check is an HTTP/1.0 request without Host; after two checks, 2 s apart, all still answer."""
    with haproxy(lab, tmp_path, HAPROXY_DOCUMENTED.replace(" check\n", " check inter 100ms\n")) as proxy:
        time.sleep(1.0)
        for transport in TRANSPORTS:
            with subprocess.Popen([sys.executable, "-m", "clients", transport, proxy.url(transport), "--count", "0"],
                                  cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as client:
                assert (client.wait(20), client.stderr.read()) == (0, "")
