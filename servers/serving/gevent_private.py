"""gevent's private names on which the servers rest, all of them. A test fails when gevent changes one.

pywsgi has no public way to send a response's head together with its body, or to pause accepting. gevent has none to
look at a socket beneath TLS. So these names are overridden, or read.
"""

from gevent import socket, ssl
from gevent.baseserver import BaseServer
from gevent.pywsgi import Input, WSGIHandler

OVERRIDDEN: dict[type, tuple[str, ...]] = {
    WSGIHandler: ("_write_with_headers", "_sendall"),  # LabHandler: head and body in one segment, long bodies in pieces
    Input: ("_discard",),  # RequestReader: called once a response is sent
}
USED: dict[type, tuple[str, ...]] = {
    BaseServer: ("_start_accepting_if_started", "_timer"),  # LabServer.do_read: a pause without descriptors
    socket.socket: ("_sock",),  # handler.has_gone, FrameSocket: the system's socket
    ssl.SSLSocket: ("_sslobj",),  # handler.has_gone: a read that does not wait
}
