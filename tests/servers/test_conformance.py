"""The Autobahn cases against /echo, and large messages to a reader that takes its time."""

import asyncio
import hashlib
import json
import ssl
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import websocket
from tools.lab import ROOT, WAIT, Lab, answer_to, eventually, needs, serving
from tools.redis import running

pytestmark = pytest.mark.starts

FINE = {"OK", "NON-STRICT", "INFORMATIONAL"}
COMPRESSED = ("12.", "13.")  # of permessage-deflate
SAMPLE = ["12.*.3", "13.*.3", "12.1.10", "13.7.10"]  # all 216 of them take six minutes
OVER_TLS = ["12.1.3", "12.1.10", "13.7.3"]

Verdicts = dict[str, tuple[str, str]]  # by case: of the exchange, and of the closing handshake


@pytest.fixture(scope="module")
def echo():
    with serving("websocket", "--port", "0", "--source", "none", transports=("websocket",)) as servers:
        yield servers


def verdicts(port: int, folder: Path, *cases: str) -> Verdicts:
    """What the suite says of /echo on a port, in the cases named or in all."""
    command = [needs("kosoku"), "-m", "fuzzingclient", f"127.0.0.1:{port}/echo", "-p", "4", "-o", str(folder)]
    command += [part for case in cases for part in ("-i", case)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=110)
    assert (folder / "index.json").exists(), ended.stdout + ended.stderr
    [results] = json.loads((folder / "index.json").read_text()).values()
    return {case: (result["behavior"], result["behaviorClose"]) for case, result in results.items()}


def check_all(found: Verdicts) -> None:
    """All cases but those of compression, which is declined."""
    assert {found[case][0] for case in found if case.startswith(COMPRESSED)} == {"UNIMPLEMENTED"}
    plain = {case: both for case, both in found.items() if not case.startswith(COMPRESSED)}
    assert {case: both for case, both in plain.items() if not set(both) <= FINE} == {}
    assert Counter(behavior for behavior, _ in plain.values())["OK"] > 280, Counter(plain.values())


@pytest.mark.long
def test_the_autobahn_cases_pass(echo, tmp_path):
    check_all(verdicts(echo.ports["websocket"], tmp_path))


@pytest.mark.long
def test_the_autobahn_cases_pass_over_tls(tmp_path):
    options = ("websocket", "--port", "0", "--source", "none", "--tls")
    with serving(*options, transports=("websocket",)) as servers, unwrapped(servers) as port:
        check_all(verdicts(port, tmp_path))


@pytest.mark.long
def test_the_autobahn_cases_pass_on_four_processes(tmp_path):
    with running() as redis:
        options = ("websocket", "--port", "0", "--source", "none", "--processes", "4", "--feed", redis.url)
        with serving(*options, transports=("websocket",)) as servers:
            check_all(verdicts(servers.ports["websocket"], tmp_path))


@pytest.mark.parametrize(("tls", "cases", "count"), [([], SAMPLE, 14), (["--tls"], OVER_TLS, 3)], ids=["plain", "tls"])
@pytest.mark.long
def test_the_autobahn_cases_of_deflate_pass(tmp_path, tls, cases, count):
    options = ("websocket", "--port", "0", "--source", "none", "--deflate", *tls)
    with serving(*options, transports=("websocket",)) as servers, unwrapped(servers) as port:
        found = verdicts(port, tmp_path, *cases)
    assert len(found) == count and set(found.values()) == {("OK", "OK")}, found


@contextmanager
def unwrapped(servers: Lab) -> Iterator[int]:
    """The port of a relay through which a server over TLS is spoken to without: kosoku speaks none."""
    if servers.trust is None:
        yield servers.ports["websocket"]
        return
    trust = ssl.create_default_context(cafile=servers.trust)

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", servers.ports["websocket"], ssl=trust)
        await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    listening = asyncio.run_coroutine_threadsafe(asyncio.start_server(relay, "127.0.0.1", 0), loop).result(WAIT)
    yield listening.sockets[0].getsockname()[1]
    loop.call_soon_threadsafe(listening.close)
    eventually(lambda: len(asyncio.all_tasks(loop)) == 0)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(WAIT)
    loop.close()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes, and its end."""
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


def test_large_messages_reach_a_reader_that_pauses(echo):
    """A server that sends half a frame corrupts the stream here: its send buffer is full after a few messages."""
    ws = websocket.create_connection(echo.url("websocket") + "/echo", timeout=WAIT)
    messages = [bytes([number]) * 1_000_000 for number in range(20)]
    digests = []

    def send() -> None:
        for message in messages:
            ws.send_binary(message)

    sender = threading.Thread(target=send, daemon=True)
    sender.start()
    sender.join(2)  # the pause: nothing is read meanwhile, and both sides' buffers fill
    for _ in messages:
        opcode, data = ws.recv_data()
        digests.append((opcode, len(data), hashlib.sha256(data).digest()))
    sender.join(WAIT)
    ws.close()
    assert digests == [(2, len(message), hashlib.sha256(message).digest()) for message in messages]


FLOOD = """
import socket, sys
from tools.lab import UPGRADE
sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
lines = ["GET /echo HTTP/1.1", "Host: localhost", *(f"{name}: {text}" for name, text in UPGRADE.items()), "", ""]
sock.sendall("\\r\\n".join(lines).encode())
sock.recv(65_536)
rest = b"\\xc0" + bytes(4) + b"x" * 64
print("flooding", flush=True)
sock.sendall(b"\\x01" + rest + (b"\\x00" + rest) * 100_000)
"""


def test_who_floods_the_server_with_fragments_leaves_the_others_their_turns(echo):
    """In a second of such a flood others are served; a server that reads on while there is something would not."""
    command, answers = [sys.executable, "-c", FLOOD, str(echo.ports["websocket"])], []
    with subprocess.Popen(command, cwd=ROOT / "tests", stdout=subprocess.PIPE, text=True) as flood:
        assert flood.stdout.readline() == "flooding\n"
        connection = echo.connection("websocket")
        while flood.poll() is None:
            connection.request("GET", "/nothing")
            answers.append(answer_to(connection).status)
        connection.close()
    assert set(answers) == {404} and len(answers) > 30
