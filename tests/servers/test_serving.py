"""servers/serving: an answer is one write, and so one segment."""

import http.client
import socket
import struct
import sys
from contextlib import closing

import pytest
from tools.lab import HTTP, Lab
from tools.wire import newest

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
