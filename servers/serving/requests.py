"""Bytes become requests: llhttp, by httptools, reads them as RFC 9112 has it, and takes nothing else. No I/O."""

from collections import deque
from typing import NamedTuple

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from werkzeug.exceptions import BadRequest, HTTPException, HTTPVersionNotSupported, RequestHeaderFieldsTooLarge

LARGEST_HEAD = 32_768  # bytes
FRAMING = (b"content-length", b"transfer-encoding")  # the fields that say where a body ends


class Head(NamedTuple):
    """A request's head: names of fields in lower case; whether the client wants to ask again on this connection, or
    to speak another protocol.
    """

    method: str
    target: bytes
    version: str
    fields: list[tuple[bytes, bytes]]
    keeps_alive: bool
    upgrades: bool

    def values(self, name: bytes) -> list[bytes]:
        """The values of a field, in lower case."""
        return [value.lower() for each, value in self.fields if each == name]


class Requests:
    """Parses requests into `events`, in order: a head, the parts of its body, and b"" for the end of the body.

    After a malformed request the last event is the error to answer with.
    """

    def __init__(self) -> None:
        self.events: deque[Head | bytes | HTTPException] = deque()
        self.begun = False  # a request, whose end has not come; an empty line before one is none (RFC 9112 section 2.2)
        self._parser = HttpRequestParser(self)
        self._unfinished = 0  # bytes since the last event
        self._fields: list[tuple[bytes, bytes]] = []
        self._skips_head = False

    def feed(self, data: bytes) -> bytes:
        """Read on; return what stands behind a request that asks for another protocol, unread: it may be of that."""
        self._unfinished += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade as upgrade:
            return self._pass_over(data[upgrade.args[0] :])
        except HttpParserError as error:
            self.events.append(BadRequest(str(error)))
        if self._unfinished > LARGEST_HEAD:
            self.events.append(RequestHeaderFieldsTooLarge(f"a head has at most {LARGEST_HEAD:,} bytes"))
        return b""

    def _pass_over(self, behind: bytes) -> bytes:
        """Stay with HTTP, whatever was asked for. llhttp leaves even a body to the other protocol: it is read behind a
        head that asks for none.
        """
        self._parser = HttpRequestParser(self)
        if not (framing := [b"%b: %b\r\n" % field for field in self._fields if field[0] in FRAMING]):
            return behind
        self.events.pop()  # the end, too early
        self._skips_head = True
        return self.feed(b"POST / HTTP/1.1\r\n%b\r\n%b" % (b"".join(framing), behind))

    def _happen(self, event: Head | bytes) -> None:
        self.events.append(event)
        self._unfinished = 0

    # What httptools calls

    def on_message_begin(self) -> None:
        self.begun, self._target, self._in_head, self._fields = True, b"", True, []

    def on_url(self, part: bytes) -> None:
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # and not a trailer
            self._fields.append((name.lower(), value.strip(b" \t")))

    def on_headers_complete(self) -> None:
        of, self._in_head = self._parser, False
        first = of.get_method().decode(), self._target, of.get_http_version()
        if not self._skips_head:
            self._happen(Head(*first, self._fields, of.should_keep_alive(), of.should_upgrade()))
        self._skips_head = False

    def on_body(self, part: bytes) -> None:
        self._happen(part)

    def on_message_complete(self) -> None:
        self.begun = False
        self._happen(b"")


def check(head: Head) -> None:
    """Raise an HTTPException for a head that is too large, not of HTTP/1, or ambiguous.

    A head is ambiguous if llhttp accepts it and proxies may read it in another way (RFC 9112 sections 3.2 and 6.3).
    """
    if not head.version.startswith("1."):
        raise HTTPVersionNotSupported()
    size, hosts = len(head.target), 0
    for name, value in head.fields:
        size += len(name) + len(value) + 4
        hosts += name == b"host"
    if size > LARGEST_HEAD:
        raise RequestHeaderFieldsTooLarge(f"a head has at most {LARGEST_HEAD:,} bytes")
    if hosts > 1:
        raise BadRequest("Host stands there twice")
    coded = head.values(b"transfer-encoding")
    if coded and (coded != [b"chunked"] or head.version == "1.0"):
        raise BadRequest("Transfer-Encoding may say chunked, and nothing else")
