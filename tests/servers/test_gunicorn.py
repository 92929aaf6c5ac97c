"""The lab's servers under gunicorn: a WebSocket opens, the feed is shared, SIGTERM tells the clients."""

import json
import os
import subprocess
import sys
import urllib.request
from contextlib import ExitStack, contextmanager, suppress

import psutil
import pytest
from tools.lab import ROOT, WAIT, eventually
from tools.processes import ended
from tools.redis import free_port, running
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.sync.client import connect

pytest.importorskip("gunicorn", reason="gunicorn is not installed (make peers)")
pytestmark = pytest.mark.starts


@contextmanager
def serving(transport, redis, workers=2):
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-k", "servers.serving.gunicorn.Worker", "-w", str(workers),
               "--reuse-port", "-b", f"127.0.0.1:{port}", "--no-control-socket", "--log-level", "warning",
               f"servers.serving.gunicorn:app({transport!r})"]  # fmt: skip
    environment = os.environ | {"PUSH_LAB_FEED": redis.url}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            eventually(lambda: reached(port))
            yield process, f"127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(WAIT)


def reached(port):
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=5) as answer:
        return json.load(answer)
    return None


def test_what_is_posted_to_one_is_told_by_another_and_sigterm_tells_the_clients():
    with running() as redis, serving("polling", redis) as (_, polling), serving("websocket", redis) as (gunicorn, own):
        with ExitStack() as opened:
            clients = [opened.enter_context(connect(f"ws://{own}/messages")) for _ in range(4)]
            request = urllib.request.Request(f"http://{polling}/messages", b"hello", {"Content-Type": "text/plain"})
            with urllib.request.urlopen(request, timeout=WAIT) as answer:
                message = answer.read().decode()
            assert [client.recv(WAIT) for client in clients] == [message] * 4
            processes = [gunicorn, *psutil.Process(gunicorn.pid).children()]
            gunicorn.terminate()
            for client in clients:
                with pytest.raises(ConnectionClosed) as closed:
                    client.recv(WAIT)
                assert closed.value.rcvd.code == CloseCode.GOING_AWAY
        assert gunicorn.wait(WAIT) == 0
        eventually(lambda: ended(processes[1:]))
