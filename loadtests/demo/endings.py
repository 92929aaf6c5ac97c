"""What the playground can have done to it: a WebSocket that ends, or a message in fragments, each at a path.

The server plays scripts (`loadtests.observe.scripted`): bytes that a good server would not send, too.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from websockets.frames import Frame, Opcode

from loadtests.observe.scripted import DONE, REFUSED, Script, Step, frame

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3
COUNTS, SECONDS = (2, 3, 5), (0.2, 0.5, 1.0)
TEXT = "This message arrives in pieces, and the page gets it when it is whole."
NOBODY = "http://127.0.0.1:9/"  # the port of a service that discards (RFC 863), and that no machine runs
AFTER_S = 0.5  # before it ends, so that `open` is seen first


def closing(code: int, reason: str) -> Script:
    """A close in order, with this code and reason (RFC 6455 section 7.4)."""
    return (Step(b"", AFTER_S, closes=(code, reason)),)


def ending(data: bytes) -> Script:
    """These bytes, and then the end of TCP."""
    return (Step(data, AFTER_S, ends=True),)


ENDINGS: dict[str, tuple[str, Script]] = {
    "/normal": ("normal: 1000", closing(1000, "done")),
    "/going-away": ("going away: 1001", closing(1001, "the server stops")),
    "/too-big": ("too big: 1009", closing(1009, "at most 65,536 bytes")),
    "/own-code": ("a code of the application: 4410", closing(4410, "messages are gone")),
    "/protocol-error": ("protocol error", (Step(Frame(Opcode.TEXT, b"masked").serialize(mask=True), AFTER_S),)),
    "/bad-utf-8": ("bad UTF-8", (Step(frame(b"\xff\xfe"), AFTER_S),)),
    "/killed": ("killed: TCP ends without a close frame", ending(b"")),
}
ELSEWHERE = {"404": "/nothing-here", "refused origin": REFUSED}


def fragments(count: int, seconds: float) -> Script:
    """A text in `count` fragments, `seconds` apart, with a ping before the last one."""
    size = -(-len(TEXT) // count)
    pieces = [TEXT[start : start + size].encode() for start in range(0, len(TEXT), size)]
    frames = [frame(piece, Opcode.CONT if number else Opcode.TEXT, last=number == len(pieces) - 1)
              for number, piece in enumerate(pieces)]  # fmt: skip
    steps = [Step(data, seconds if number else 0.0) for number, data in enumerate(frames)]
    ping = Step(frame(b"still there?", Opcode.PING), 0.0)
    return (*steps[:-1], ping, steps[-1], Step(b"", seconds, closes=DONE))


def scripts() -> dict[str, Script]:
    """All scripts, by path."""
    pieces = {f"/fragments/{count}/{seconds:g}": fragments(count, seconds) for count in COUNTS for seconds in SECONDS}
    return {path: script for path, (_, script) in ENDINGS.items()} | pieces


def offered(port: int) -> dict[str, Any]:
    """What the playground's page is told: at which port the scripts are, and what there is."""
    endings = [{"title": title, "url": path} for path, (title, _) in ENDINGS.items()]
    endings += [{"title": title, "url": path} for title, path in ELSEWHERE.items()]
    endings += [{"title": "nobody listens", "url": NOBODY}]
    return {"port": port, "endings": endings, "counts": COUNTS, "seconds": SECONDS}


def accept_steps(key: str | None) -> list[str]:
    """How Sec-WebSocket-Accept follows from Sec-WebSocket-Key (RFC 6455 section 4.2.2); nothing without a key."""
    if key is None:
        return []
    joined = key + GUID
    digest = hashlib.sha1(joined.encode("latin-1"), usedforsecurity=False)
    return [
        f"Sec-WebSocket-Key: {key}", f"followed by the constant of RFC 6455: {joined}",
        f"SHA-1 of it, in hexadecimal: {digest.hexdigest()}",
        f"in Base64, the Sec-WebSocket-Accept: {base64.b64encode(digest.digest()).decode()}",
    ]  # fmt: skip
