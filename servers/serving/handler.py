"""One connection: requests as `request_reader` reads them, answered by gevent's WSGI handler."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import gevent
import gevent.ssl
from gevent.pywsgi import WSGIHandler
from werkzeug.exceptions import BadRequest, HTTPException

from servers.app.responses import close_after, problem
from servers.serving.request_reader import READ, ClientDisconnected, RequestReader, disconnected_on_error
from servers.serving.requests import Head
from servers.sockets.frame_socket import PIECE, READABLE, FrameSocket

NOT_PREFIXED = ("CONTENT_TYPE", "CONTENT_LENGTH")  # in a WSGI environment (PEP 3333)


class LabHandler(WSGIHandler):
    """Takes its requests from a RequestReader; sends a response's head and the start of its body in one segment."""

    _held: bytearray | None = None  # what is to be sent together

    def __init__(self, sock: socket.socket, address: Any, server: Any) -> None:
        self.socket, self.client_address, self.server = sock, address, server  # and no file, unlike the base class
        self.wsgi_input = RequestReader(sock, server.context.memory_budget)

    def handle_one_request(self) -> bool | None:
        """Read a request and answer it; return whether there may be another."""
        refused = False
        try:
            self._prepare(self.wsgi_input.head())
        except ClientDisconnected:
            return None
        except HTTPException as error:
            refused = True
            self._prepare_refusal(error)
        self.handle_one_response()
        if self.wsgi_input.handed_over:
            return None
        if refused or not self.wsgi_input.complete:
            FrameSocket(self.socket).close()  # unread bytes would reset the connection, and the response be lost
            return None
        return None if self.close_connection else True

    def _prepare(self, head: Head) -> None:
        self.command, self.request_version = head.method, f"HTTP/{head.version}"
        self.close_connection = not head.keeps_alive
        self.environ, self.application = self._environ_of(head), self.server.application

    def _prepare_refusal(self, error: HTTPException) -> None:
        """Answer a malformed request and end the connection: where the next request begins is unknown."""
        self.command, self.request_version, self.close_connection = "GET", "HTTP/1.1", True
        self.environ = self.server.get_environ() | {"REQUEST_METHOD": "GET"}
        refusal = close_after(problem(error))
        refusal.headers.extend(self.server.context.answer_fields)
        self.application = refusal

    def _environ_of(self, head: Head) -> dict[str, Any]:
        """The WSGI environment of a request (PEP 3333)."""
        environ = self.server.get_environ()
        environ.update(fields_of(head))
        path, _, environ["QUERY_STRING"] = head.target.decode().partition("?")
        if not path.startswith("/"):
            environ["HTTP_HOST"], path = absolute(path, environ.get("HTTP_HOST", ""))
        environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1")
        environ["REQUEST_METHOD"], environ["SERVER_PROTOCOL"] = self.command, self.request_version
        environ["REMOTE_ADDR"], environ["REMOTE_PORT"] = self.client_address[0], str(self.client_address[1])
        environ["SCRIPT_NAME"], environ["wsgi.input"], environ["wsgi.input_terminated"] = "", self.wsgi_input, True
        if not (head.upgrades and self.command == "GET" and self.server.upgrades):
            environ.pop("HTTP_UPGRADE", None)  # a server may pass over it (RFC 9110 section 7.8)
        return environ

    def handle_error(self, kind: Any, error: Any, trace: Any) -> None:
        """Print what the server did wrong, but not that a client has gone."""
        if issubclass(kind, ClientDisconnected):
            self.close_connection = True
        else:
            super().handle_error(kind, error, trace)

    def finalize_headers(self) -> None:
        """Say that the connection ends with this response, if the server does."""
        if self.server.stopping and self.code != 101:
            self.close_connection = True
            self.response_headers.append((b"Connection", b"close"))
        super().finalize_headers()

    def log_request(self) -> None:
        """Print nothing, and format nothing for it."""

    def _write_with_headers(self, data: bytes) -> None:
        self._held = bytearray()
        super()._write_with_headers(data)
        together, self._held = self._held, None
        self._sendall(together)

    def _sendall(self, data: bytes | bytearray) -> None:
        if self._held is not None:
            self._held += data
        elif len(data) <= PIECE:
            with disconnected_on_error():
                super()._sendall(data)
        else:
            for start in range(0, len(data), PIECE):
                self._sendall(data[start : start + PIECE])


class HoldingHandler(LabHandler):
    """The same for held responses: a response ends when its client disconnects."""

    def run_application(self) -> None:
        with ended_with_its_client(self.socket, self.wsgi_input):
            super().run_application()


def absolute(target: str, host: str) -> tuple[str, str]:
    """The host and the path of a target in absolute form, whose own host counts (RFC 9112 section 3.2.2)."""
    try:
        parts = urlsplit(target)
    except ValueError as error:
        raise BadRequest(f"the target is malformed: {error}") from None
    return (parts.netloc, parts.path or "/") if parts.scheme in ("http", "https") else (host, target)


def fields_of(head: Head) -> dict[str, str]:
    """A head's fields as a WSGI environment names them; one with an underscore could pass for another's name."""
    found: dict[str, str] = {}
    for name, value in head.fields:
        key = name.decode().upper().replace("-", "_")
        key, text = key if key in NOT_PREFIXED else f"HTTP_{key}", value.decode("latin-1")
        if b"_" not in name:
            found[key] = found[key] + ("; " if name == b"cookie" else ",") + text if key in found else text
    return found


def has_gone(sock: Any, reader: RequestReader) -> bool | None:
    """Whether the client has ended the connection; None if nothing has come. Does not wait.

    Over TLS its end is a record as any other (close_notify, RFC 8446 section 6.1), so that what came has to be read.
    """
    try:
        if not isinstance(sock, gevent.ssl.SSLSocket):
            return bool(sock._sock.recv(1, socket.MSG_PEEK) == b"")
        data = sock._sslobj.read(READ)
        reader.keep(data)
        return data == b""
    except (BlockingIOError, ssl.SSLWantReadError):
        return None
    except OSError:
        return True


@contextmanager
def ended_with_its_client(sock: Any, reader: RequestReader) -> Iterator[None]:
    """Within this, the greenlet ends with ClientDisconnected when its client ends the connection."""
    watcher = gevent.get_hub().loop.io(sock.fileno(), READABLE)

    def look(waiting: Any) -> None:
        if (gone := has_gone(sock, reader)) is None:
            return
        watcher.stop()  # if it has not gone, it has sent its next request
        if gone:
            gevent.kill(waiting, ClientDisconnected)

    watcher.start(look, gevent.getcurrent())
    try:
        yield
    finally:
        watcher.close()
