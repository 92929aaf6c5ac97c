"""servers/serving: an answer is one write, and so one segment; memory goes back, and nobody is woken for nothing."""

import gzip
import http.client
import secrets
import socket
import struct
import sys
from contextlib import closing

import gevent
import pytest
from tools.lab import HTTP, Lab, serving
from tools.wire import newest

from loadtests.soak.checked_client import FOLLOW
from servers.serving import memory_trim

pytestmark = pytest.mark.starts

DATA_SEGMENTS_IN = struct.Struct("=I"), 152  # tcpi_data_segs_in of struct tcp_info in linux/tcp.h


def data_segments(connection: http.client.HTTPConnection) -> int:
    form, offset = DATA_SEGMENTS_IN
    told = connection.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 216)
    return form.unpack_from(told, offset)[0]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts a connection's segments")
@pytest.mark.parametrize("transport", HTTP)
def test_an_answer_is_one_segment(lab: Lab, transport: str):
    """Two would cost two writes at the server and wake the client twice."""
    after = newest(lab)
    lab.post("x" * 100)
    asked = [f"after={after}", f"after={after}&wait=1", f"after={after}&epoch=other", "after=x"]
    with closing(lab.connection(transport)) as connection:
        for number, query in enumerate(asked, start=1):
            connection.request("GET", f"/messages?{query}")
            assert connection.getresponse().read()
            assert data_segments(connection) == number


@pytest.mark.parametrize("transport", HTTP)
@pytest.mark.parametrize(("count", "framed_by"), [(1, "Content-Length"), (40, "Transfer-Encoding")])
def test_compressed_it_is_the_same_and_a_long_one_comes_in_chunks(transport: str, count: int, framed_by: str):
    with serving("--ports", "0,0,0", "--source", "none", "--deflate") as lab:
        for _ in range(count):
            lab.post(secrets.token_hex(5_000))
        plain = lab.ask(transport, after=0)
        asked = lab.request(transport, "GET", "/messages?after=0", Accept_Encoding="gzip")
        assert {"Content-Length", "Transfer-Encoding"} & set(asked.fields) == {framed_by}
        assert asked.fields["Content-Encoding"] == "gzip" and gzip.decompress(asked.body) == plain.body
        followed = FOLLOW[transport](lab.url(transport), 0, deflate=True)
        assert [next(followed).seq for _ in range(count)] == list(range(1, count + 1))


def test_memory_goes_back_some_time_after_the_last_has_gone_and_only_if_it_has_grown(monkeypatch):
    taken, given = [100], []
    monkeypatch.setattr(memory_trim, "resident", lambda: taken[-1])
    monkeypatch.setattr(memory_trim, "return_memory", lambda: given.append(taken[-1]))
    monkeypatch.setattr(memory_trim, "TRIM_DELAY", 0.2)
    watching = memory_trim.MemoryTrimmer()
    for size, expected in ((110, 0), (111, 1)):
        taken.append(size)
        watching.connection_ended()
        gevent.sleep(0.5)
        assert len(given) == expected
    watching.connection_ended()
    gevent.sleep(0.15)
    watching.connection_ended()  # what this one took is free only after the first look
    gevent.sleep(0.1)
    taken.append(112)
    gevent.sleep(0.6)
    assert given == [111, 111, 112]
