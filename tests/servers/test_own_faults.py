"""A fault of the server's own is said and ends what it broke; limits count what costs something; refusals say all."""

import json
import subprocess
import sys
import time
from contextlib import ExitStack, closing

import pytest
import websocket
from tools.lab import HTTP, ROOT, TRANSPORTS, WAIT, answer_to, eventually, serving
from tools.scripts import connected, script

from loadtests.runs.partial import PartialFolder
from loadtests.runs.processes import Child, RunFailed
from loadtests.soak import impact

pytestmark = pytest.mark.starts


# ---- Greenlets that fail


def test_an_error_while_a_websocket_is_read_closes_it_with_1011():
    changed = script("def fail(self, event): raise LookupError('injected')", "websocket.WebSocket._collect = fail")
    said = r"closed with 1011: LookupError\('injected'\)"
    with pytest.raises(AssertionError, match=said), serving(script=changed) as lab:
        ws = websocket.create_connection(lab.url("websocket") + "/messages", timeout=WAIT)
        ws.send("boom")
        opcode, data = ws.recv_data()
        assert (opcode, int.from_bytes(data[:2])) == (websocket.ABNF.OPCODE_CLOSE, 1011)
        ws.shutdown()


def test_an_error_in_the_broadcast_closes_all_with_1011_and_the_next_connection_starts_it_again():
    changed = script(
        "whole = broadcast.text_frame",
        "def fail(message):",
        "    if b'boom' in message.encoded: raise LookupError('injected')",
        "    return whole(message)",
        "broadcast.Broadcast.__init__.__defaults__ = (fail,)",
    )
    with pytest.raises(AssertionError, match="the broadcast fails"), serving(script=changed) as lab:
        two = [websocket.create_connection(lab.url("websocket") + "/messages?after=0", timeout=WAIT) for _ in range(2)]
        eventually(lambda: lab.status("websocket")["clients"] == 2)
        lab.post("well")
        assert [json.loads(ws.recv())["data"] for ws in two] == ["well", "well"]
        time.sleep(0.2)  # until both are in the broadcast
        lab.post("boom")
        codes = [int.from_bytes(ws.recv_data()[1][:2]) for ws in two]
        assert codes == [1011, 1011]
        again = websocket.create_connection(lab.url("websocket") + "/messages?after=2", timeout=WAIT)
        lab.post("well again")
        assert json.loads(again.recv())["data"] == "well again"
        for ws in (*two, again):
            ws.shutdown()


@pytest.mark.parametrize("controlled", [[], ["--controlled"]], ids=["by hand", "led"])
def test_an_error_in_the_publisher_is_one_line_and_status_1(controlled):
    changed = script(
        "def failing(*_, **__):",
        "    yield 0.1, 'one'",
        "    raise LookupError('injected')",
        "sources.earthquakes = failing",
        options=("--guests", "--ports", "0,0,0,0", *controlled),
    )
    with subprocess.Popen([sys.executable, "-c", changed], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:  # fmt: skip
        if controlled:
            process.stdout.readline()
            print('{"do": "start"}', file=process.stdin, flush=True)
            process.stdout.readline()
        process.wait(WAIT)
        errors = process.stderr.read()
    assert (process.returncode, errors) == (1, "servers: publishing has failed: LookupError('injected')\n")


# ---- Counts and refusals


@pytest.mark.parametrize("transport", HTTP)
def test_head_delivers_nothing(lab, transport):
    lab.post("there")
    newest, before = lab.status(transport)["newest"], lab.status(transport)["deliveries"]
    assert lab.request(transport, "HEAD", f"/messages?after={newest - 1}&wait=0").status == 200
    assert lab.status(transport)["deliveries"] == before
    assert lab.request(transport, "GET", f"/messages?after={newest - 1}&wait=0").status == 200
    assert lab.status(transport)["deliveries"] == before + 1


@pytest.mark.parametrize("path", ["/messages", "/echo"])
@pytest.mark.parametrize("transport", HTTP)
def test_an_encoded_body_is_415(lab, transport, path):
    answer = lab.request(transport, "POST", path, b"\x1f\x8b", Content_Encoding="gzip", Content_Type="text/plain")
    assert answer.status == 415 and "Content-Encoding" in answer.json["detail"]
    plain = lab.request(transport, "POST", path, b"x", Content_Encoding="identity", Content_Type="text/plain")
    assert plain.status in (200, 201)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--source", "earthquakes", "--speed", "2", "--rate", "3"], "--speed and --rate both say how fast"),
        (["--seed", "3"], None),
        (["--source", "earthquakes", "--seed", "3"], "--seed cannot go with --source earthquakes"),
        (["--source", "earthquakes", "--rate", "3", "--seed", "3"], "--seed cannot go with --source earthquakes"),
        (["--source", "none", "--rate", "3", "--size", "99"], "--rate and --size cannot go with --source none"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(options, words):
    if words is None:  # without a source, an option of the clock chooses it
        with serving("--ports", "0,0,0", *options):
            return
    command = [sys.executable, "-m", "servers", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and words in done.stderr.splitlines()[-1]


def test_refusals_carry_the_answer_fields_as_well():
    options = ("--ports", "0,0,0", "--source", "none", "--answer-field", "Server: mine/1.0", "--connections", "3")
    with serving(*options) as lab, ExitStack() as stack:
        for transport in TRANSPORTS:
            assert lab.request(transport, "GET", "/status", Host="example.org").fields["Server"] == "mine/1.0"
            assert lab.request(transport, "GET", "/nothing").fields["Server"] == "mine/1.0"
            with closing(connected(lab, transport)) as sock:
                sock.sendall(b"NONSENSE\r\n\r\n")
                assert b"\r\nServer: mine/1.0\r\n" in sock.recv(65_536)
        for _ in range(3):
            admitted = stack.enter_context(closing(lab.connection("polling")))
            admitted.request("GET", "/nothing")
            assert answer_to(admitted).status == 404
        with closing(connected(lab, "websocket")) as sock:
            came = sock.recv(65_536)
        assert came.startswith(b"HTTP/1.1 503 ") and b"\r\nServer: mine/1.0\r\n" in came


# ---- Runs and soak


def test_results_stay_until_the_new_ones_are_in_place(tmp_path, monkeypatch):
    folder = PartialFolder(tmp_path / "mine")
    folder.folder.mkdir()
    (folder.folder / "runs.csv").write_text("old")
    folder.begin()
    (folder.path / "runs.csv").write_text("new")
    rename = type(folder.path).rename

    def broken(self, target):
        if self == folder.path:
            raise OSError("no space left")
        return rename(self, target)

    with monkeypatch.context() as patch, pytest.raises(OSError, match="no space left"):
        patch.setattr(type(folder.path), "rename", broken)
        folder.publish()
    assert (folder.folder / "runs.csv").read_text() == "old"
    folder.work.mkdir()
    folder.publish()
    assert (folder.folder / "runs.csv").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_a_server_that_is_dead_has_no_memory_that_is_back():
    with Child("the server", ["-c", "input()"]) as child:
        assert impact.rss_of(child) > 0
        child.kill()
        with pytest.raises(RunFailed, match="the server ended in mid-run"):
            impact.rss_of(child)
        with pytest.raises(RunFailed, match="the server ended in mid-run"):
            impact.memory_after(child, 1.0)


def test_a_child_that_closes_its_output_and_stays_is_a_failed_run(monkeypatch):
    monkeypatch.setattr("loadtests.runs.processes.STOP_TIMEOUT", 0.2)
    with Child("the helper", ["-c", "import os, time; os.close(1); time.sleep(60)"]) as child:
        with pytest.raises(RunFailed, match="^the helper closed its output"):
            child.expect("word", 10)
        child.kill()
