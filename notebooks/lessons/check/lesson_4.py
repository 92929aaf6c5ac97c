"""Lesson 4, inside a WebSocket."""

from __future__ import annotations

from typing import Any

from websockets.frames import Frame, Opcode
from websockets.utils import accept_key

from lessons.check.mark import Check, graded, near


def accept(answer: Any, key: str) -> Check:
    """Sec-WebSocket-Accept, as the websockets library works it out."""
    praise = "A server that speaks WebSocket answers just that."
    return graded(answer, accept_key(key), praise, {},
                  "SHA-1 of the key and the fixed text, in base64, and not in hexadecimal.")  # fmt: skip


def frame(answer: Any, text: str) -> Check:
    """A server's frame of a text."""
    data = text.encode()
    hints = {
        Frame(Opcode.BINARY, data).serialize(mask=False): "That is a binary message.",
        Frame(Opcode.TEXT, data, fin=False).serialize(mask=False): "The first bit says that more frames follow.",
        data: "That is the data. What stands before it?",
    }
    return graded(answer, Frame(Opcode.TEXT, data).serialize(mask=False), "81: final, text. 02: not masked, two bytes.",
                  hints, "First byte: FIN and opcode. Second byte: no mask, and the length.")  # fmt: skip


def header_bytes(answer: Any) -> Check:
    """6, 14, 2 and 10."""
    return near(answer, 100 * 6 + 10 * 14 + 100 * 2 + 10 * 10, "6 and 14 from the client, 2 and 10 from the server.",
                {100 * 2 + 10 * 10: "That is the server's half.", 100 * 6 + 10 * 14: "That is the client's half.",
                 2 * (100 * 2 + 10 * 10): "The client masks."},
                "Four sums: short and long messages, from the client and from the server.", 0.0)  # fmt: skip


def closing(opcode: Any, code: Any) -> Check:
    """A close frame, going away."""
    hints = {(8, 3): "The code is two bytes long.", (0x88, 1001): "The opcode is the lower half of the first byte."}
    praise = "8 is close, 1001 is “going away”: a server that ends, a page that is left."
    help_ = "Opcode: the lower four bits of the first byte. The code: the first two bytes of the data."
    return graded([opcode, code], [8, 1001], praise, hints, help_)
