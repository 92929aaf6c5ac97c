"""servers/serving: an answer is one write, and so one segment; memory goes back, and nobody is woken for nothing."""

import http.client
import socket
import struct
import sys
from contextlib import closing

import gevent
import pytest
from tools.lab import HTTP, Lab
from tools.wire import newest

from servers.serving import tidy

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


def test_memory_goes_back_some_time_after_somebody_has_gone_and_only_if_it_has_grown(monkeypatch):
    taken, given = [100], []
    monkeypatch.setattr(tidy, "resident", lambda: taken[-1])
    monkeypatch.setattr(tidy, "return_memory", lambda: given.append(taken[-1]))
    monkeypatch.setattr(tidy, "LOOK_S", 0)
    monkeypatch.setattr(tidy, "TIDY_S", 0.01)
    watching = tidy.Tidy()
    for size, expected in ((110, []), (111, [111]), (112, [111, 112])):
        taken.append(size)
        for _ in range(3):
            watching.look()
        gevent.sleep(0.05)
        assert given == expected
