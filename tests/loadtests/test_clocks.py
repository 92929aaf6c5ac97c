"""Clocks that differ, machines that sleep: said, never counted in silence, and nothing is made up for."""

import argparse
import http.server
import itertools
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as some
from tools.lab import LOCUST, ROOT

from clients import __main__ as command
from clients import polling
from clients.connection.http import Response, clock_ahead
from clients.delivery import ClocksDiffer, Delivery
from clients.ledger import Ledger
from loadtests.runs.tally import Tally
from loadtests.runs.validity import clocks_differ

TIMES = some.floats(-5.0, 5.0).map(lambda seconds: round(seconds, 6))


@given(some.lists(TIMES, min_size=1, max_size=30))
def test_a_delivery_before_its_publication_is_no_latency(latencies):
    tally = Tally()
    for seq, latency in enumerate(latencies, 1):
        tally.sample(0, seq, 1_000.0, 1_000.0 + latency)
    negative = [latency for latency in latencies if 1_000.0 + latency < 1_000.0]
    assert tally.before_publication == len(negative) and tally.samples == len(latencies) - len(negative)
    assert tally.earliest_s == pytest.approx(max((-latency for latency in negative), default=0.0), abs=1e-6)


def test_what_is_said_of_clocks_that_differ():
    tally = Tally()
    tally.sample(0, 1, 1_003.2, 1_000.0)
    assert clocks_differ(tally) == "clocks differ: 1 deliveries came before they were published, by up to 3,200.0 ms"


def test_two_processes_add_up():
    one, other = Tally(), Tally()
    one.sample(0, 1, 1_001.0, 1_000.0)
    other.sample(0, 1, 1_003.0, 1_000.0)
    one.add(other)
    assert (one.before_publication, one.earliest_s) == (2, 3.0)
    assert Tally.from_values(one.as_values()).before_publication == 2


class Clock:
    """A monotonic clock that a test moves; sleeping moves it, too."""

    def __init__(self, monkeypatch, module):
        self.now, self.nap = 100.0, 0.0
        monkeypatch.setattr(f"{module}.time.monotonic", lambda: self.now)
        monkeypatch.setattr(f"{module}.time.sleep", self.sleep)

    def sleep(self, seconds):
        self.now += seconds + self.nap
        self.nap = 0.0


@pytest.mark.parametrize("asleep", [3.0, 59.9, 3600.0])
def test_after_a_sleep_there_is_one_request_and_then_the_usual_rhythm(monkeypatch, asleep):
    clock, asked = Clock(monkeypatch, "clients.polling"), []
    for number, _ in enumerate(itertools.islice(polling.cadence(1.0), 8)):
        asked.append(clock.now)
        if number == 2:
            clock.nap = asleep
    gaps = [later - earlier for earlier, later in itertools.pairwise(asked)]
    assert gaps == pytest.approx([1, 1, 1 + asleep, 1, 1, 1, 1])


@pytest.mark.parametrize("takes", [0.2, 0.9, 1.4])
def test_a_slow_answer_keeps_the_cadence_as_far_as_it_can(monkeypatch, takes):
    """By the model a poll's period is the longer of the interval and what an answer takes."""
    clock, asked = Clock(monkeypatch, "clients.polling"), []
    for _ in itertools.islice(polling.cadence(1.0), 12):
        asked.append(clock.now)
        clock.now += takes
    gaps = [later - earlier for earlier, later in itertools.pairwise(asked)]
    assert gaps == pytest.approx([max(1.0, takes)] * 11)


USERS = """
from locust import User
from loadtests.users import http
now = [100.0]
http.time = type("Clock", (), {"monotonic": staticmethod(lambda: now[0])})
due = http.cadence(1.0)
first, second = next(due), next(due)
now[0] = second + 600.0
print(*(round(moment, 6) for moment in (second - first, *(next(due) - now[0] for _ in range(3)))))
"""


def test_a_user_makes_up_for_nothing_either():
    """In a process of its own: to import Locust patches it. From now on, one a second."""
    done = subprocess.run([sys.executable, "-c", USERS], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["1.0", "1.0", "2.0", "3.0"], done.stderr


def test_a_client_says_that_the_clocks_differ_once(capsys):
    def deliveries():
        for seq in (1, 2, 3):
            yield Delivery(seq, 1_005.0, 1_000.0 + seq, "x", 60, 90)

    status = command.run(argparse.Namespace(count=None, json=False, deflate=False), "http://x", deliveries(), Ledger())
    said = capsys.readouterr()
    assert status == 0 and said.err.count("the clocks differ: message 1 came 4,000.0 ms before it was published") == 1
    assert said.err.count("clocks differ") == 1 and "-4000.0 ms" in said.out, "and no latency is changed"


@given(some.floats(1e9, 2e9), some.floats(-1e6, 1e6))
def test_a_date_says_how_far_a_clock_is_ahead(now, ahead):
    """Two seconds are not told from a Date's rounding; more are, to the second."""
    found = clock_ahead(Response(200, {"date": formatdate(int(now + ahead), usegmt=True)}, b"", now))
    assert found == 0 if abs(ahead) < 1 else found == pytest.approx(ahead, abs=1) or abs(ahead) < 3


@pytest.mark.parametrize("date", ["", "today", "Wed, 99 Oct 2015 07:28:00 GMT", None])
def test_without_a_date_no_clock_is_blamed(date):
    assert clock_ahead(Response(200, {} if date is None else {"date": date}, b"", 1e9)) == 0


def test_it_is_said_in_words():
    assert str(ClocksDiffer(3600.4)) == (
        "the clocks differ: the server's is about 3,600 s ahead of this machine's; latencies are wrong"
    )
    assert "about 5 s behind this machine's" in str(ClocksDiffer(-5.2))


@contextmanager
def wrong_by(seconds: float) -> Iterator[str]:
    """The address of a server for polling whose clock is ahead by so many seconds."""

    class Server(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            now = time.time() + seconds
            status = {"transport": "polling", "epoch": "e", "newest": 0}
            message = {"seq": 1, "published_at": now - 0.2, "data": "x"}
            body = json.dumps(status if self.path == "/status" else message).encode()
            fields = {"Content-Length": str(len(body)), "Feed-Epoch": "e", "Feed-Newest": "1"}
            self.send_response(200)
            for field in fields.items():
                self.send_header(*field)
            self.end_headers()
            self.wfile.write(body)

        def date_time_string(self, timestamp: float | None = None) -> str:
            return formatdate(time.time() + seconds, usegmt=True)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.starts
@pytest.mark.parametrize(("seconds", "count", "words"), [(0, 0, ""), (-60, 1, "behind"), (60, 2, "ahead of")])
def test_a_client_says_that_the_clocks_differ(seconds, count, words):
    """A server ahead shows twice: its message arrives before it was published."""
    with wrong_by(seconds) as url:
        command = [sys.executable, "-m", "clients", "polling", url, "--after", "0", "--count", "1"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0 and done.stderr.count("the clocks differ") == count and words in done.stderr


@pytest.mark.starts
def test_a_locust_user_says_so_too():
    with wrong_by(-60) as url:
        command = [*LOCUST, "PollingUser", "-u", "1", "-t", "1s", "--host", url]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert re.search("the clocks differ: the server's is about (59|60|61) s behind this machine's", done.stderr)
