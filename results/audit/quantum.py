"""The quantum leap of Lubbers & Greco (websocket.org, 2010): its table, then corrected one thing at a time.

Everything here is computed, never measured, but for `Measured`, which reads its numbers from a runs table. Sizes are
bytes of TCP payload unless a name says otherwise, times are seconds, rates messages a second; Mbit/s are 10^6 bit/s
except where a basis says 2^20.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from results import model
from results.audit.hpack_heads import PRINTED_REQUEST, PRINTED_RESPONSE

SI, BINARY = 10**6, 2**20
"""What "mega" multiplies by: the International System of Units, and Lubbers & Greco."""
CLIENTS = (1_000, 10_000, 100_000)
STOCK = 20
"""Bytes of a message in Lubbers & Greco: "about 20 characters"."""
DRAFT_FRAME = (b"\x00", b"\xff")
"""What stood before and after a text in the WebSocket of 2009 and early 2010 (draft-hixie-thewebsocketprotocol-75)."""


@dataclass(frozen=True)
class Segments:
    """TCP segments of a poll and of a pushed message, and the bytes of IPv4 and TCP headers on each.

    By default one segment each way and one pure acknowledgement: the response acknowledges the request itself
    (RFC 9293 §3.8.6.3). 20 B of IPv4 and 20 B of TCP (RFC 791 §3.1, RFC 9293 §3.1), 12 B more with timestamps
    (RFC 7323 §3.2, padded).
    """

    polling: float = 3
    websocket: float = 2
    heads: int = 40


PLAIN_AND_TIMESTAMPED = (Segments(heads=40), Segments(heads=52))


@dataclass(frozen=True)
class Basis:
    """What is counted for a poll and for a pushed message, in bytes beside the message; None where it is not known."""

    name: str
    source: str
    polling: float | None
    websocket: float | None
    mega: int = SI


@dataclass(frozen=True)
class Quantum:
    """A row of the table: `clients` clients at a message a second each, both directions together.

    In Mbit/s, or in 2^20 bit/s where `basis.mega` says so.
    """

    clients: int
    basis: Basis
    polling_mbit_s: float | None
    websocket_mbit_s: float | None

    @property
    def ratio(self) -> float | None:
        """Polling to WebSocket, None where either is not known."""
        return ratio(self.polling_mbit_s, self.websocket_mbit_s)


PUBLISHED_POLL, PUBLISHED_FRAME = 871, 2
PUBLISHED_BASIS = Basis("as published", "Lubbers & Greco, use cases A to C", PUBLISHED_POLL, PUBLISHED_FRAME, BINARY)
PUBLISHED = tuple(
    Quantum(clients, PUBLISHED_BASIS, polling, websocket)
    for clients, polling, websocket in zip(CLIENTS, (6.6, 66.0, 665.0), (0.015, 0.153, 1.526), strict=True)
)


def quantum(
    payload_bytes: int = STOCK,
    segments: Sequence[Segments] = PLAIN_AND_TIMESTAMPED,
    further: Sequence[Basis] = (),
) -> list[Quantum]:
    """The quantum leap's table: as published, then computed on each of `bases` and on `further` ones.

    A row for each number of clients.
    """
    counted = [*bases(payload_bytes, segments), *further]
    return [*PUBLISHED, *(quantum_row(clients, basis) for basis in counted for clients in CLIENTS)]


def quantum_row(clients: int, basis: Basis) -> Quantum:
    """The traffic of `clients` clients at a message a second each."""
    polling, websocket = (
        None if size is None else megabits(size * clients, basis.mega) for size in (basis.polling, basis.websocket)
    )
    return Quantum(clients, basis, polling, websocket)


def megabits(bytes_per_second: float, mega: int = SI) -> float:
    """Mbit/s; with `mega=BINARY`, units of 2^20 bit/s."""
    return 8 * bytes_per_second / mega


def ratio(more: float | None, less: float | None) -> float | None:
    """The quotient, None where a number is missing or there is nothing to divide by."""
    return None if more is None or not less else more / less


def bases(payload_bytes: int = STOCK, segments: Sequence[Segments] = PLAIN_AND_TIMESTAMPED) -> list[Basis]:
    """The article's numbers, corrected one thing at a time, each on top of the one before."""
    characters, draft = printed_characters(), draft_overhead()
    wire, frame = printed_wire(), model.frame_header_bytes(payload_bytes, masked=False)
    return [
        Basis("reproduced, divided by 2^20", PUBLISHED_BASIS.source, characters, draft, BINARY),
        Basis("in SI units", "SI brochure, 9th edition, table 7", characters, draft),
        Basis("with line ends", "RFC 9112 §2.1", wire, draft),
        Basis(f"frames of RFC 6455, {payload_bytes:,} B messages", "RFC 6455 §5.2", wire, frame),
        *(on_ip(wire, frame, each) for each in segments),
    ]


def on_ip(polling: float, websocket: float, on: Segments) -> Basis:
    name = f"with TCP/IP headers, {on.heads} B a segment"
    heads = (polling + on.polling * on.heads, websocket + on.websocket * on.heads)
    return Basis(name, "RFC 791 §3.1, RFC 9293 §3.1, RFC 7323 §3.2", *heads)


def printed_characters() -> int:
    """What the article counted: the characters of both heads."""
    return PRINTED_REQUEST.characters + PRINTED_RESPONSE.characters


def printed_wire() -> int:
    """What both are on the wire: CRLF after each line, and an empty line (RFC 9112 §2.1)."""
    return len(PRINTED_REQUEST.wire) + len(PRINTED_RESPONSE.wire)


def draft_overhead() -> int:
    """Bytes that the draft of 2009 put around a text."""
    return sum(map(len, DRAFT_FRAME))
