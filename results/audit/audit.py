"""The audit of Lubbers & Greco, one row per figure: the printed value and the computed one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from results import model
from results.audit.hpack_heads import (
    PRINTED_REQUEST,
    PRINTED_RESPONSE,
    Fields,
    compressed,
    later_by,
    polls,
    responses,
)
from results.audit.lab import DELIVERED, lab_bases
from results.audit.quantum import (
    PLAIN_AND_TIMESTAMPED,
    PUBLISHED,
    PUBLISHED_FRAME,
    PUBLISHED_POLL,
    STOCK,
    Basis,
    draft_overhead,
    on_ip,
    printed_characters,
    printed_wire,
    quantum_row,
    ratio,
)


@dataclass(frozen=True)
class Audited:
    """A figure that was claimed, and what it is computed to be; None where a run would have to say.

    `point` is the line of the lab's audit, 1 to 6, and `source` the authority for the computation.
    """

    point: int
    what: str
    unit: str
    claimed: float
    computed: float | None
    source: str

    @property
    def ratio(self) -> float | None:
        """Computed to claimed."""
        return ratio(self.computed, self.claimed)

    @property
    def difference(self) -> float | None:
        """Computed less claimed."""
        return None if self.computed is None else self.computed - self.claimed


KNOWN_BLOCKS = {"request": (426, 11), "response": (100, 29)}
"""What HPACK leaves of the article's headers, first and later, as the lab's audit has it before it is computed."""


def audit(
    fields: Fields,
    authority: str = "localhost:5001",
    runs: pd.DataFrame | None = None,
) -> list[Audited]:
    """The six points of the audit of Lubbers & Greco, each with a line or more, in order.

    `fields` are the recorded browser's field lines, to which HPACK is applied, as it is to the article's own. With
    `runs`, point 4 has a line from the runs' own segments.
    """
    heads = _hpack(fields, authority)
    lines = [_line_ends(), *_units(), *_frames(), *_segments(runs), *_latency(), *heads, *_printed()]
    return sorted(lines, key=lambda line: line.point)


def _line_ends() -> Audited:
    return Audited(1, "headers of a poll", "B", PUBLISHED_POLL, printed_wire(), "RFC 9112 §2.1")


def _units() -> Iterator[Audited]:
    """The article's own bytes, in Mbit/s as the SI has them."""
    reproduced = Basis("in SI units", "", printed_characters(), draft_overhead())
    for published in PUBLISHED:
        row, source = quantum_row(published.clients, reproduced), "SI brochure, 9th edition, table 7"
        for transport in ("polling", "websocket"):
            claimed, computed = (getattr(each, f"{transport}_mbit_s") for each in (published, row))
            yield Audited(2, f"{transport}, {row.clients:,} clients", "Mbit/s", claimed, computed, source)


def _frames() -> Iterator[Audited]:
    """Two bytes, in the draft and in the standard, by length and direction."""
    claimed, draft = PUBLISHED_FRAME, "draft-hixie-thewebsocketprotocol-75"
    yield Audited(3, "around a text, draft of 2009", "B", claimed, draft_overhead(), draft)
    for size in (STOCK, 125, 126, 65_536):
        for masked, sender in ((False, "server"), (True, "client")):
            head = model.frame_header_bytes(size, masked)
            yield Audited(3, f"frame header from the {sender}, {size:,} B message", "B", claimed, head, "RFC 6455 §5.2")


def _segments(runs: pd.DataFrame | None) -> Iterator[Audited]:
    """A poll against a push with the headers of TCP and IP, the article's message included."""
    claimed, frame = PUBLISHED_POLL / PUBLISHED_FRAME, model.frame_header_bytes(STOCK, masked=False)
    for on in PLAIN_AND_TIMESTAMPED:
        basis = on_ip(printed_wire() + STOCK, frame + STOCK, on)
        yield Audited(4, f"a poll {basis.name}", "B", PUBLISHED_POLL, basis.polling, basis.source)
        yield Audited(4, f"a push {basis.name}", "B", PUBLISHED_FRAME, basis.websocket, basis.source)
        computed = ratio(basis.polling, basis.websocket)
        yield Audited(4, f"a poll to a push, {on.heads} B a segment", ": 1", claimed, computed, basis.source)
    for basis in [] if runs is None else lab_bases(runs):
        if DELIVERED in basis.name:
            continue
        yield Audited(4, basis.name, ": 1", claimed, ratio(basis.polling, basis.websocket), basis.source)


def _latency(one_way_delay: float = 0.050, rate: float = 1.0, poll_interval: float = 1.0) -> Iterator[Audited]:
    """150 ms against 50 ms, at the article's own transit, message rate and poll interval."""
    push, worst = model.websocket_mean(one_way_delay), model.long_polling_worst(one_way_delay)
    parked, polled = model.long_polling_mean(one_way_delay, rate), model.polling_mean(one_way_delay, poll_interval)
    for what, claimed, latency, source in (
        ("worst of long polling", 150, worst, "RFC 6202 §2.2, three transits"),
        ("mean of long polling, a message a second", 150, parked, "RFC 6202 §2.2, results.model"),
        ("mean of polling each second", 150, polled, "T/2 + τ, results.model"),
        ("mean of WebSocket", 50, push, "one transit"),
    ):
        yield Audited(5, what, "ms", claimed, 1000 * float(latency), source)
    for what, mean in (("polling each second", polled), ("long polling", parked)):
        yield Audited(5, f"{what} to WebSocket, means", ": 1", 150 / 50, float(mean / push), "results.model")


def _hpack(fields: Fields, authority: str) -> Iterator[Audited]:
    """What is left of this lab's headers on HTTP/2, frames included, of what HTTP/1.1 sends each time."""
    source = "RFC 7541, RFC 9113 §4.1; computed with python's hpack"
    for what, heads in (
        ("the recorded browser's poll", polls(fields, authority)),
        ("this lab's response", responses()),
    ):
        sizes = compressed(heads)
        yield Audited(6, f"{what}, first", "B", len(heads[0].wire), sizes.on_wire(sizes.first), source)
        yield Audited(6, f"{what}, later", "B", sizes.plain, sizes.on_wire(sizes.later), source)


def _printed() -> Iterator[Audited]:
    """The article's headers, each: with line ends, and what HPACK leaves; the response's Date moves on."""
    for what, head in (("request", PRINTED_REQUEST), ("response", PRINTED_RESPONSE)):
        yield Audited(1, f"the printed {what}", "B", head.characters, len(head.wire), "RFC 9112 §2.1")
        sizes, (first, later) = compressed([head, later_by(head, 1)]), KNOWN_BLOCKS[what]
        yield Audited(6, f"the printed {what}, first, without its frame", "B", first, sizes.first, "RFC 7541")
        yield Audited(6, f"the printed {what}, later, without its frame", "B", later, sizes.later, "RFC 7541")
