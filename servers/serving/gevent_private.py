"""gevent's private names on which the servers rest, all of them. A test fails when gevent changes one.

gevent has no public way to pause accepting, and none to look at a socket beneath TLS. So these names are read.
"""

from gevent import socket, ssl
from gevent.baseserver import BaseServer

USED: dict[type, tuple[str, ...]] = {
    BaseServer: ("_start_accepting_if_started", "_timer"),  # LabServer.do_read: a pause without descriptors
    socket.socket: ("_sock",),  # handler.has_gone, FrameSocket: the system's socket
    ssl.SSLSocket: ("_sslobj",),  # handler.has_gone: a read that does not wait
}
