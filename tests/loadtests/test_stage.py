"""The stage as a process: what it answers, what it refuses, and that it ends in order."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest
from tools.browser import demonstrating
from tools.lab import ROOT, WAIT, eventually

pytestmark = pytest.mark.starts

DEMO = [sys.executable, "-m", "loadtests", "demo"]


@pytest.fixture(scope="module")
def demo():
    with demonstrating("--rate", "20") as running:
        yield running


def test_it_says_where_the_lanes_are_and_what_the_settings_are(demo):
    state = demo.get("state")
    assert [lane["transport"] for lane in state["lanes"]] == ["polling", "long-polling", "websocket"]
    assert state["settings"] == {"poll_interval_s": 2.0, "rate_hz": 20.0, "rtt_ms": 100.0, "link_mbps": 0.0,
                                 "cookie_bytes": 0, "paused": False}  # fmt: skip
    for port in demo.lanes().values():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=WAIT) as page:
            assert b"lane.js" in page.read()


@pytest.mark.parametrize(("body", "complaint"), [
    ({}, "do is one of settings, cut, kill, clear, say, save"), ({"do": "dance"}, "do is one of"),
    ({"do": "settings", "poll_interval_s": 0}, "the poll interval is from 0.1 to 60 s, not 0"),
    ({"do": "settings", "poll_interval_s": None}, "the poll interval is from 0.1 to 60 s, not None"),
    ({"do": "cut", "seconds": -1}, "a cut lasts up to 60 seconds, not -1"),
    ({"do": "cut", "hours": 1}, "unexpected keyword argument 'hours'"),
    ({"do": "say", "text": " "}, "a text has 1 to 500 characters"), ({"do": "save"}, "nobody has measured anything"),
    ([], "this takes a JSON object"),
])  # fmt: skip
def test_what_cannot_be_done_is_one_line(demo, body, complaint):
    status, said = demo.post("do", body)
    assert status == 400 and complaint in said["detail"] and "\n" not in said["detail"]


@pytest.mark.parametrize(("path", "body", "complaint"), [
    ("join", {"lane": "pigeon"}, "there is no lane 'pigeon'"), ("join", "me", "this takes a JSON object"),
    ("report", {"number": 99}, "nobody here has the number 99"),
])  # fmt: skip
def test_a_class_refuses_in_one_line(demo, path, body, complaint):
    status, said = demo.post(path, body)
    assert status == 400 and complaint in said["detail"]


def test_a_page_of_another_site_changes_nothing(demo):
    request = urllib.request.Request(demo.url + "do", b'{"do": "kill"}', {"Origin": "http://elsewhere.example"})
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request, timeout=WAIT)


def test_what_is_published_passes_the_taps(demo):
    polling = f"http://127.0.0.1:{demo.lanes()['polling']}/messages?after=0"

    def counted():
        with urllib.request.urlopen(polling, timeout=WAIT) as answer:
            lines = answer.read().splitlines()
        tap = demo.shown()["lanes"]["polling"]["tap"]
        return lines and tap and tap["messages"] and tap

    tap = eventually(counted)
    assert tap["bytes"]["payload"] > 100 and tap["bytes"]["request_head"] > 0 and tap["requests"] > 0


def test_settings_reach_the_model_and_the_link(demo):
    demo.do("settings", rtt_ms=300)
    try:
        assert eventually(lambda: demo.shown()["lanes"]["websocket"]["model"]["latency_ms"] == 150)
        assert demo.get("state")["settings"]["rtt_ms"] == 300
    finally:
        demo.do("settings", rtt_ms=100)


def test_the_servers_come_back_on_their_ports_with_a_new_feed(demo):
    port = demo.lanes()["polling"]

    def epoch():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=WAIT) as answer:
                return json.load(answer)["epoch"]
        except OSError:
            return None

    before = epoch()
    demo.do("kill")
    assert not demo.shown()["running"]
    assert eventually(lambda: epoch() not in (None, before))
    assert eventually(lambda: demo.shown()["running"])


def test_a_second_demonstration_on_the_same_port_is_one_line_and_leaves_nothing(demo):
    port = str(urlsplit(demo.url).port)
    done = subprocess.run([*DEMO, "--port", port], cwd=ROOT, capture_output=True, text=True, timeout=WAIT)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("demo: cannot serve the stage on 127.0.0.1:") and done.stderr.count("\n") == 1
    assert [child for child in psutil.Process().children() if "demo" in child.cmdline()] == [
        psutil.Process(demo.process.pid)
    ]


@pytest.mark.parametrize(("options", "complaint"), [
    (["--poll-interval", "0"], "0 is not a number from 0.1 to 60"), (["--rtt", "-1"], "-1"),
    (["--prot", "1"], "did you mean --port?"), (["lane"], "unrecognized arguments: lane"),
])  # fmt: skip
def test_wrong_usage_is_status_2_and_one_line(options, complaint):
    done = subprocess.run([*DEMO, *options], cwd=ROOT, capture_output=True, text=True, timeout=WAIT)
    assert done.returncode == 2 and complaint in done.stderr and "Traceback" not in done.stderr


def test_killed_it_leaves_no_process():
    with demonstrating(killed=True) as demo:
        children = psutil.Process(demo.process.pid).children()
        assert len(children) == 5
        demo.process.kill()
        demo.process.wait(WAIT)
        assert eventually(lambda: not any(child.is_running() for child in children))


def test_other_machines_need_the_token_and_only_the_key_changes_anything():
    with demonstrating("--host", "0.0.0.0") as demo:
        page, join = urlsplit(demo.url), urlsplit(demo.process.stdout.readline().split()[-1])
        token, key = parse_qs(page.query)["token"][0], page.fragment.removeprefix("key=")
        assert join.path == "/join" and parse_qs(join.query) == {"token": [token]}
        stage = f"http://127.0.0.1:{page.port}"
        assert status_of(f"{stage}/") == 200, "a page is no secret"
        assert status_of(f"{stage}/state") == 403 and status_of(f"{stage}/state?token={token}") == 200
        with urllib.request.urlopen(f"{stage}/state?token={token}", timeout=WAIT) as answer:
            lane = json.load(answer)["lanes"][0]["port"]
        assert status_of(f"http://127.0.0.1:{lane}/status") == 403
        assert status_of(f"http://127.0.0.1:{lane}/status?token={token}") == 200
        pause = b'{"do": "settings", "paused": true}'
        headers = {"Content-Type": "application/json"}
        assert status_of(f"{stage}/do?token={token}", pause, headers) == 403
        assert status_of(f"{stage}/do?token={token}", pause, headers | {"Stage-Key": key}) == 200
        demo.process.stderr.readline()  # the warning


def status_of(url, data=None, headers=None):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers or {}), timeout=WAIT) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
