"""C8: whether the connection after the handshake is the one on which it was made."""

import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

from loadtests.observe.handshakes import handshake_of_a_browser
from loadtests.observe.observation import Observation
from loadtests.observe.raw import answer, connect, request
from loadtests.observe.servers import Servers

ENDS = ("address and port of the client", "address and port of the server", "the server's socket in the kernel")


def observe(servers: Servers) -> Iterator[Observation]:
    """Ports and the server's own end of a connection, for HTTP and after a 101 on it; then HTTP again."""
    url = servers.websocket
    with connect(url) as sock:
        sock.sendall(request("/status", [("Host", "localhost")]))
        answer(sock)
        spoken = sock.getsockname(), sock.getpeername(), server_end(servers, sock.getsockname()[1])
        sock.sendall(request("/echo", handshake_of_a_browser(url)))
        status = answer(sock).status
        upgraded = sock.getsockname(), sock.getpeername(), server_end(servers, sock.getsockname()[1])
        sock.sendall(request("/status", [("Host", "localhost")]))
        said = sock.recv(65_536)
    yield Observation("C8", "status", str(status))
    for what, before, after in zip(ENDS, spoken, upgraded, strict=True):
        if after:
            yield Observation("C8", f"{what}, before the 101 and after", "the same" if before == after else "another")
    yield Observation("C8", "HTTP after the 101 is answered as HTTP", "yes" if said.startswith(b"HTTP") else "no")
    yield Observation("C8", "first bytes of that answer", said[:4].hex(" "), "hexadecimal")


def server_end(servers: Servers, client_port: int) -> str:
    """The kernel's name of the socket with which the server holds a connection from that port; empty but on Linux."""
    if sys.platform != "linux":
        return ""
    server = psutil.Process(servers.process.pid)
    (end,) = (each for each in server.net_connections("tcp") if each.raddr and each.raddr.port == client_port)
    return str(Path(f"/proc/{server.pid}/fd/{end.fd}").readlink())
