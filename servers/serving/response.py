"""The response of a WSGI application (PEP 3333) as HTTP/1.1 has it: status line, fields, framing. No I/O."""

from __future__ import annotations

import time
from collections.abc import Iterable
from email.utils import formatdate
from typing import Any

NO_BODY = (204, 304)  # responses that have no body, and no field that says how long it is (RFC 9110 section 8.6)
LAST_CHUNK = b"0\r\n\r\n"

Fields = list[tuple[str, str]]


class ApplicationError(AssertionError):
    """The application's fault: what it does is against PEP 3333 or RFC 9112."""


class Response:
    """One response, from `start`, which is the application's start_response, to its last byte.

    `closes` is whether the connection ends with it: that of the request, until the application says so, too.
    """

    def __init__(self, version: str, closes: bool, stopping: bool) -> None:
        self.closes = closes or stopping
        self.code = 0
        self._is_old, self._stopping = version == "HTTP/1.0", stopping
        self._chunked = False
        self.begun = False

    def start(self, status: str, fields: Fields, exc_info: Any = None) -> None:
        """Take status and fields; ValueError for a line end within one of them, or what is not latin-1.

        With `exc_info` a response may be started again, as long as nothing of it is sent.
        """
        if exc_info and self.begun:
            raise exc_info[1].with_traceback(exc_info[2])
        text = "".join([f"{name}: {value}\r\n" for name, value in fields])
        if text.count("\n") != len(fields) or text.count("\r") != len(fields) or not status.isprintable():
            raise ValueError("a status or a field holds the end of a line")
        self._status, self._text, self.code = status, text, int(status[:3])
        names = {name.lower(): value for name, value in fields}
        self._dated, self._sized = "date" in names, "content-length" in names
        self._said_close = names.get("connection", "").lower() == "close"
        self._said_connection = "connection" in names
        self.closes = self.closes or self._said_close
        if self.code in NO_BODY and names.get("content-length", "0") != "0":
            raise ApplicationError(f"a {self.code} response has no Content-Length")

    def head(self, body: Iterable[bytes]) -> bytes:
        """The head; `body` says how long it is, if it has a length, or it is sent in chunks."""
        if not self.code:
            raise ApplicationError("the application did not call start_response()")
        self.begun = True
        text = f"HTTP/1.1 {self._status}\r\n{self._text}"
        if self._is_old and not self._said_connection:
            text += f"Connection: {'close' if self.closes else 'keep-alive'}\r\n"
        elif self._stopping and self.code != 101 and not self._said_close:
            text += "Connection: close\r\n"
        if not self._dated:
            text += f"Date: {http_date()}\r\n"
        if self.code not in NO_BODY and not self._sized:
            if hasattr(body, "__len__"):
                text += f"Content-Length: {sum(map(len, body))}\r\n"
            elif self._is_old:
                self.closes = True  # its end is that of the connection
            elif self.code != 101:
                self._chunked = True
                text += "Transfer-Encoding: chunked\r\n"
        return f"{text}\r\n".encode("latin-1")

    def part(self, data: bytes) -> bytes:
        """Some of the body, as it is sent."""
        if data and self.code in NO_BODY:
            raise ApplicationError(f"a {self.code} response has no body")
        return b"%x\r\n%b\r\n" % (len(data), data) if self._chunked and data else data

    def end(self) -> bytes:
        """What follows the body."""
        return LAST_CHUNK if self._chunked else b""


_date = (0, "")


def http_date() -> str:
    """The date of now (RFC 9110 section 5.6.7), formatted once a second."""
    global _date
    second = int(time.time())
    if _date[0] != second:
        _date = second, formatdate(second, usegmt=True)
    return _date[1]
