"""What is done between two looks of the event loop at its sockets, when many clients want much at once."""

import gzip
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import closing

import gevent
import pytest
from gevent.socket import socketpair as gevent_pair
from gevent.socket import wait_read
from wsproto.events import Event

from servers.app.responses import PIECE, gzipped
from servers.limits.memory_budget import MemoryBudget
from servers.scheduling import one_per_loop, yield_to_loop
from servers.serving.request_reader import RequestReader
from servers.sockets.messages import parsed_fairly

MANY, PARTS = 20, 5


def most_between_looks(work: Callable[[Callable[[], object]], object]) -> int:
    """The most parts of work done until somebody learns that bytes of his have come; each of MANY does PARTS."""
    done: list[int] = []
    one, other = socket.socketpair()
    with closing(one), closing(other):
        working, most = [gevent.spawn(work, lambda: done.append(1)) for _ in range(MANY)], 0
        while any(working):
            before = len(done)
            one.sendall(b"x")
            wait_read(other.fileno(), timeout=30)
            assert other.recv(1) == b"x"
            most = max(most, len(done) - before)
        gevent.joinall(working, raise_error=True)
    assert len(done) == MANY * PARTS
    return most


def gives_way(did: Callable[[], object]) -> None:
    for _ in range(PARTS):
        yield_to_loop()
        did()


def takes_turns(did: Callable[[], object]) -> None:
    for _ in range(PARTS):
        one_per_loop()
        did()


def compresses(did: Callable[[], object]) -> None:
    parts = [secrets.token_bytes(PIECE) for _ in range(PARTS)]
    whole = bytearray()
    for number, part in enumerate(gzipped(parts)):
        whole += part
        if number < PARTS:  # what comes after the last is the end
            did()
    assert gzip.decompress(whole) == b"".join(parts)


def inflates(did: Callable[[], object]) -> None:
    """What one read brought, in pieces; the first of them takes the read's own turn."""
    assert not list(parsed_fairly(Parser(did), b"x" * (1 + PARTS), piece=1))


class Parser:
    """Takes a connection's bytes, and never has a whole frame of them."""

    def __init__(self, did: Callable[[], object]) -> None:
        self._did = iter([lambda: None, *[did] * PARTS])

    def receive_data(self, data: bytes) -> None:
        assert data == b"x"
        next(self._did)()

    def events(self) -> Iterator[Event]:
        return iter(())


def asks(did: Callable[[], object]) -> None:
    """Requests one behind the other; the first of them takes the connection's own turn."""
    ours, theirs = gevent_pair()
    with closing(ours), closing(theirs):
        theirs.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * (1 + PARTS))
        reader = RequestReader(ours, MemoryBudget())
        for number in range(1 + PARTS):
            assert reader.head().target == b"/"
            assert reader.read() == b""
            if number:
                did()


@pytest.mark.parametrize("work", [takes_turns, compresses, inflates, asks])
def test_in_each_round_one_part_is_done_however_many_ask(work):
    assert most_between_looks(work) <= 2, "a part, and perhaps the end of another's"


def test_a_greenlet_that_yields_lets_those_with_new_bytes_run():
    assert most_between_looks(gives_way) <= 2 * MANY
