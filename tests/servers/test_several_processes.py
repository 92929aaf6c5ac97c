"""Several processes on the same ports, with one feed in Redis: shared evenly, replaced when killed, ended together."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack, closing

import psutil
import pytest
from tools.following import Follower, each
from tools.lab import ROOT, WAIT, eventually, serving
from tools.processes import ended
from tools.programs import left_alone
from tools.redis import running
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.sync.client import connect

pytestmark = pytest.mark.starts

COUNT = 3
MESSAGES, RATE = (10_000, 400) if os.environ.get("THOROUGH") else (150, 50)
HAS_ENDED = r"^servers: process \d has ended \(signal 9\); starting another$"


@pytest.fixture(scope="module")
def redis():
    with running() as server:
        yield server


def options(redis, *more):
    return ["--guests", "--ports", "0,0,0,0", "--feed", redis.url, "--processes", str(COUNT), *more]


@pytest.fixture(scope="module")
def several(redis):
    with serving(*options(redis, "--source", "none")) as servers:
        yield servers


def workers(servers):
    """The processes that serve; the first one publishes."""
    return eventually(lambda: len(found := psutil.Process(servers.process.pid).children()) == COUNT and found)


# ---- One feed


def test_whoever_is_asked_has_the_same_feed(several):
    several.post("before")
    epochs, bodies = set(), set()
    for _ in range(4 * COUNT):
        answer = several.ask("polling", after=several.status("polling")["newest"] - 1)
        epochs.add(answer.fields["Feed-Epoch"])
        bodies.add(answer.body)
    assert (len(epochs), len(bodies)) == (1, 1)


def test_who_has_posted_to_one_process_is_told_of_no_gap_by_another(several):
    for _ in range(10 * COUNT):
        seq = several.request("polling", "POST", "/messages", "x", Content_Type="text/plain").json["seq"]
        assert several.ask("polling", after=seq).status == 204


@each
def test_clients_of_all_processes_get_every_message_once(several, transport):
    before = several.status(transport)["newest"]
    followers = [Follower(transport, several.url(transport), 20, before) for _ in range(2 * COUNT)]
    for number in range(20):
        several.post(number)
    assert [follower.finish() for follower in followers] == [list(range(20))] * (2 * COUNT)
    assert [follower.gaps for follower in followers] == [[]] * (2 * COUNT)


def test_connections_are_spread_over_the_processes(several):
    """The kernel picks by a hash of addresses and ports: each gets its share within a factor of 1.5."""
    with ExitStack() as opened:
        for _ in range(100 * COUNT):
            connection = opened.enter_context(closing(several.connection("polling")))
            connection.connect()
        port = several.ports["polling"]

        def counted():
            found = Counter()
            for worker in workers(several):
                found[worker.pid] = sum(each.laddr.port == port and each.status == psutil.CONN_ESTABLISHED
                                        for each in worker.net_connections("tcp"))  # fmt: skip
            return sum(found.values()) == 100 * COUNT and found

        shares = eventually(counted).values()
    assert all(100 / 1.5 < share < 100 * 1.5 for share in shares), shares


# ---- Ends


@each
def test_a_process_that_is_killed_is_replaced_and_its_clients_return_without_loss(redis, transport):
    with serving(*options(redis, "--source", "clock", "--rate", str(RATE)), complaint=HAS_ENDED) as servers:
        begin = servers.status(transport)["newest"]
        followers = [Follower(transport, servers.url(transport), MESSAGES, begin) for _ in range(COUNT)]
        eventually(lambda: all(len(follower.deliveries) > 20 for follower in followers))
        for worker in workers(servers):  # one after another, the publisher too
            worker.send_signal(signal.SIGKILL)
            eventually(lambda worker=worker: ended([worker]))
            eventually(lambda: len(workers(servers)) == COUNT)
        for follower in followers:
            follower.finish()
            seqs = [delivery.seq for delivery in follower.deliveries]
            assert seqs == list(range(begin + 1, begin + MESSAGES + 1)) and follower.gaps == []


def test_a_command_waits_for_a_publisher_that_is_being_replaced(redis):
    """What the new one says at its start is not taken for an answer, and the servers go on."""
    with serving(*options(redis, "--source", "none", "--controlled"), complaint=HAS_ENDED) as servers:
        for number in range(3):
            (publisher,) = (each for each in workers(servers) if "--process 0" in " ".join(each.cmdline()))
            publisher.kill()
            print(json.dumps({"do": "stop"}), file=servers.process.stdin, flush=True)
            assert "stopped_at" in json.loads(servers.process.stdout.readline()), number
        assert servers.process.poll() is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_when_they_end_no_process_remains(redis, number):
    with serving(*options(redis, "--source", "none")) as servers:
        all_of_them = workers(servers)
        servers.process.send_signal(number)
        assert servers.process.wait(WAIT) == (0 if number == signal.SIGTERM else -9)
        eventually(lambda: ended(all_of_them))


def test_when_their_leader_has_gone_none_says_a_word(redis):
    assert left_alone(*options(redis, "--source", "none")) == (0, "")


def test_sigterm_tells_the_clients_of_all_processes(redis):
    with serving(*options(redis, "--source", "none")) as servers, ExitStack() as opened:
        clients = [opened.enter_context(connect(f"{servers.url('websocket')}/messages")) for _ in range(2 * COUNT)]
        servers.end()
        for client in clients:
            with pytest.raises(ConnectionClosed) as closed:
                client.recv(WAIT)
            assert closed.value.rcvd.code == CloseCode.GOING_AWAY


# ---- Redis breaks


@pytest.fixture
def on_its_own():
    """A Redis that may be broken, and servers on it."""
    complaint = r"^servers: redis://127\.0\.0\.1:\d+/0: .*; trying again$"
    with running() as redis, serving(*options(redis, "--source", "none"), complaint=complaint) as servers:
        yield redis, servers


def test_an_emptied_feed_is_a_gap_that_every_transport_tells(on_its_own):
    redis, servers = on_its_own
    old = [json.loads(servers.post(number)) for number in range(3)][-1]
    epoch = servers.status("polling")["epoch"]
    with connect(f"{servers.url('websocket')}/messages?after={old['seq']}&epoch={epoch}") as pushed:
        redis.cli("FLUSHALL")
        with pytest.raises(ConnectionClosed) as closed:
            pushed.recv(WAIT)
    assert closed.value.rcvd.code == 4410
    answer = eventually(lambda: (told := servers.ask("polling", after=old["seq"], epoch=epoch)).status == 410 and told)
    assert answer.json["epoch"] != epoch and servers.ask("long-polling", after=3, wait=1, epoch=epoch).status == 410


def test_without_redis_everybody_is_told_to_try_again_and_then_goes_on(on_its_own):
    redis, servers = on_its_own
    servers.post("before")
    begin = servers.status("polling")["newest"]
    with connect(f"{servers.url('websocket')}/messages?after={begin}") as pushed:
        redis.kill()
        for answer in (servers.request("polling", "POST", "/messages", "x", Content_Type="text/plain"),
                       eventually(lambda: (told := servers.ask("long-polling", after=begin, wait=2)).status == 503
                                  and told)):  # fmt: skip
            assert (answer.status, answer.fields["Retry-After"]) == (503, "1")
        with pytest.raises(ConnectionClosed) as closed:
            pushed.recv(WAIT)
        assert closed.value.rcvd.code == CloseCode.TRY_AGAIN_LATER
    assert servers.ask("polling", after=0).body.count(b"before") == 1, "what is there is still given"
    redis.start()
    eventually(lambda: servers.request("polling", "POST", "/messages", "x", Content_Type="text/plain").status == 201)
    eventually(lambda: servers.status("websocket")["newest"] == 1)


# ---- Bad input


def run(*arguments):
    return subprocess.run([sys.executable, "-m", "servers", *arguments], cwd=ROOT, capture_output=True, text=True,
                          timeout=60)  # fmt: skip


def test_several_processes_need_a_shared_feed():
    done = run("--processes", "2")
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith("several processes need a feed that they share: "
                                                 "--feed redis://HOST:PORT/DB")  # fmt: skip


def test_redis_that_is_not_there_is_one_line():
    done = run("--feed", "redis://:secret@127.0.0.1:1/0", "--processes", "2", "--ports", "0,0,0")
    lines = set(done.stderr.splitlines())
    assert done.returncode == 1 and "Traceback" not in done.stderr and "secret" not in done.stderr
    assert any("Connection refused" in line for line in lines) and len(lines) <= 2, lines


def test_if_one_port_is_taken_all_end(redis, lab):
    taken = lab.ports["websocket"]
    done = run("--feed", redis.url, "--processes", "2", "--ports", f"0,0,{taken}")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"servers: cannot serve on 127.0.0.1:{taken}: Address already in use")
