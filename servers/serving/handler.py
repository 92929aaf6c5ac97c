"""One connection: requests as `request_reader` reads them, answered by the application as `response` writes them."""

import socket
import ssl
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

import gevent
import gevent.ssl
from werkzeug.exceptions import BadRequest, HTTPException

from servers.app.responses import close_after, problem
from servers.serving.request_reader import RequestReader
from servers.serving.request_stream import READ, ClientDisconnected
from servers.serving.requests import Head
from servers.serving.response import Response
from servers.sockets.frame_socket import PIECE, READABLE, FrameSocket

FAILED = b"Internal Server Error"
NOT_PREFIXED = ("CONTENT_TYPE", "CONTENT_LENGTH")  # in a WSGI environment (PEP 3333)


class LabHandler:
    """Answers the requests of one connection, one after another; sends a response's head and the start of its body in
    one segment.
    """

    def __init__(self, sock: socket.socket, address: Any, server: Any) -> None:
        self.socket, self.server = sock, server
        self._reader = RequestReader(sock, server.context.memory_budget)
        self._environ = server.base_environ | {
            "REMOTE_ADDR": address[0], "REMOTE_PORT": str(address[1]), "wsgi.input": self._reader,
        }  # fmt: skip

    def handle(self) -> None:
        """Answer requests until the connection ends."""
        try:
            while self._answer_one():
                pass
        except ClientDisconnected:
            pass
        finally:
            self._reader.close()
            close(self.socket)

    def _answer_one(self) -> bool:
        """Read a request and answer it; return whether there may be another."""
        application, refused = self.server.application, False
        try:
            head = self._reader.head()
            environ, version, closes = self._environ_of(head), f"HTTP/{head.version}", not head.keeps_alive
        except HTTPException as error:  # where the next request would begin is unknown
            refused, application = True, close_after(problem(error))
            application.headers.extend(self.server.context.answer_fields)
            environ, version, closes = self._environ | {"REQUEST_METHOD": "GET"}, "HTTP/1.1", True
        response = Response(version, closes, self.server.stopping)
        try:
            self._run(application, environ, response)
        except ClientDisconnected:
            return False
        except Exception:
            self._fail(response)
        finally:
            self._reader.discard()
        if self._reader.handed_over:
            return False
        if refused or not self._reader.complete:
            FrameSocket(self.socket).close()  # unread bytes would reset the connection, and the response be lost
            return False
        return not response.closes

    def _environ_of(self, head: Head) -> dict[str, Any]:
        """The WSGI environment of a request (PEP 3333)."""
        environ = self._environ | fields_of(head)
        path, _, query = head.target.decode().partition("?")
        if not path.startswith("/"):
            environ["HTTP_HOST"], path = absolute(path, environ.get("HTTP_HOST", ""))
        environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1") if "%" in path else path
        environ["QUERY_STRING"], environ["REQUEST_METHOD"] = query, head.method
        environ["SERVER_PROTOCOL"] = f"HTTP/{head.version}"
        if not (head.upgrades and head.method == "GET" and self.server.upgrades):
            environ.pop("HTTP_UPGRADE", None)  # a server may pass over it (RFC 9110 section 7.8)
        return environ

    def _run(self, application: Any, environ: dict[str, Any], response: Response) -> None:
        """Call the application, and send what it returns."""
        body = application(environ, response.start)
        try:
            for data in body:
                if data:
                    self._send(response.part(data) if response.begun else response.head(body) + response.part(data))
            if not response.begun and not self._reader.handed_over:
                self._send(response.head(body))
            if end := response.end():
                self._send(end)
        finally:
            if (ended := getattr(body, "close", None)) is not None:
                ended()

    def _fail(self, response: Response) -> None:
        """Print what the server did wrong; say so to the client, if nothing is sent yet; end the connection."""
        traceback.print_exc()
        if not response.begun:
            failure = Response("HTTP/1.1", True, True)
            failure.start("500 Internal Server Error", [("Content-Type", "text/plain")])
            with suppress(ClientDisconnected):
                self._send(failure.head([FAILED]) + FAILED)
        response.closes = True

    def _send(self, data: bytes) -> None:
        """Send all of it. A long response goes in pieces, each within the time that a client has for one."""
        try:
            for start in range(0, len(data), PIECE):
                piece = data[start : start + PIECE] if len(data) > PIECE else data
                if (size := self.socket.send(piece)) < len(piece):  # sendall asks for the buffer's size first
                    self.socket.sendall(piece[size:])
        except OSError:
            raise ClientDisconnected() from None


class HoldingHandler(LabHandler):
    """The same for held responses: a response ends when its client disconnects."""

    def _run(self, application: Any, environ: dict[str, Any], response: Response) -> None:
        with ended_with_its_client(self.socket, self._reader):
            super()._run(application, environ, response)


def close(sock: socket.socket) -> None:
    """Close the connection; what has come in the last moment is taken from it, since it would reset the connection."""
    with suppress(OSError):
        sock.setblocking(False)
        sock.recv(READ)
    with suppress(OSError):
        sock.close()


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
        if (key := key_of(name)) is not None:
            text = value.decode("latin-1")
            found[key] = found[key] + ("; " if name == b"cookie" else ",") + text if key in found else text
    return found


@lru_cache(maxsize=256)
def key_of(name: bytes) -> str | None:
    """The key of a field in a WSGI environment; None for one with an underscore."""
    key = name.decode().upper().replace("-", "_")
    return None if b"_" in name else key if key in NOT_PREFIXED else f"HTTP_{key}"


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
