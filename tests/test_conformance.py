"""The Autobahn cases against /echo, and large messages to a reader that takes its time."""

import hashlib
import json
import subprocess
import threading
from collections import Counter

import pytest
import websocket
from conftest import WAIT, needs, serving


@pytest.fixture(scope="module")
def echo():
    with serving("websocket", "--port", "0", "--source", "none", transports=("websocket",)) as servers:
        yield servers


@pytest.mark.parametrize("time", ["first", "second", "third"])
def test_the_autobahn_cases_pass(echo, tmp_path, time):
    kosoku = needs("kosoku")
    address = f"127.0.0.1:{echo.ports['websocket']}/echo"
    command = [kosoku, "-m", "fuzzingclient", address, "-p", "4", "-o", tmp_path]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=110)
    cases = {
        case: (result["behavior"], result["behaviorClose"])
        for agent in json.loads((tmp_path / "index.json").read_text()).values()
        for case, result in agent.items()
    }
    # Compression is declined, so there is nothing to test in 12.* and 13.*.
    compressed = {case for case in cases if case.startswith(("12.", "13."))}
    assert {cases[case][0] for case in compressed} == {"UNIMPLEMENTED"}, ended.stdout + ended.stderr
    verdicts = {case: verdict for case, verdict in cases.items() if case not in compressed}
    fine = {"OK", "NON-STRICT", "INFORMATIONAL"}
    assert {case: both for case, both in verdicts.items() if not set(both) <= fine} == {}
    assert Counter(behavior for behavior, _ in verdicts.values())["OK"] > 280, Counter(verdicts.values())


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
