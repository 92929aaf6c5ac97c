"""Children of a comparison: known before they can be lost, spoken to, ended whatever happens."""

import os
import signal
from contextlib import ExitStack

import pytest

from loadtests.runs import processes
from loadtests.runs.processes import Child, RunFailed, start, uninterrupted

pytestmark = pytest.mark.starts

ECHO = ["-c", "import sys\nprint('warming up')\nfor line in sys.stdin: print(line, end='', flush=True)"]


def test_a_child_answers_and_ends_with_its_input():
    with Child("echo", ECHO) as child:
        child.send(number=1, text="ä")
        child.send(url="http://127.0.0.1:5001")
        assert child.expect("url", 20) == "http://127.0.0.1:5001", "what else is said is passed over"
        child.check()
    child.end()  # a second end is no error


def test_a_child_that_is_gone_or_silent_is_named():
    with Child("the failing one", ["-c", "raise SystemExit('out of luck')"]) as child:
        with pytest.raises(RunFailed, match=r"the failing one ended in mid-run \(exit status 1\): out of luck"):
            child.expect("up", 20)
        with pytest.raises(RunFailed, match="the failing one"):
            child.check()
    with Child("echo", ECHO) as child, pytest.raises(RunFailed, match="echo did not answer within 0 s"):
        child.expect("up", 0.1)


def test_a_child_that_does_not_listen_is_ended_by_force(monkeypatch):
    monkeypatch.setattr(processes, "STOP_TIMEOUT", 0.5)
    up = """print('{"up": 1}', flush=True)"""
    deaf = f"from signal import *\nsignal(SIGTERM, SIG_IGN)\n{up}\nwhile True: pause()"
    with Child("the deaf one", ["-c", deaf]) as child:
        child.expect("up", 20)
        process = child._process
    assert process.returncode == -signal.SIGKILL


def test_ctrl_c_while_a_child_starts_waits_until_it_is_known():
    known = False
    with pytest.raises(KeyboardInterrupt):
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGINT)
            known = True
    assert known
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)  # the usual handler is back
        signal.pause()


def test_what_is_started_ends_with_its_stack():
    with ExitStack() as children:
        child = start(children, "echo", ECHO)
        process = child._process
        assert process.poll() is None
    assert process.returncode == 0
