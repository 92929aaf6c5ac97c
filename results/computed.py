"""What can be said without a run: the classic figures and their audit, HPACK, server-sent events, a client's hour.

Everything here is computed, never measured, but for `Measured`, which reads its numbers from a runs table. Sizes are
bytes of TCP payload unless a name says otherwise, times are seconds, rates messages a second; Mbit/s are 10^6 bit/s
except where a basis says 2^20.

"Lubbers & Greco" is "HTML5 Web Sockets: A Quantum Leap in Scalability for the Web", websocket.org, 2010.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime

import hpack
import pandas as pd

from results import model, table
from results.model import Heads

Fields = Sequence[tuple[str, str]]

SI, BINARY = 10**6, 2**20
"""What "mega" multiplies by: the International System of Units, and Lubbers & Greco."""
CLIENTS = (1_000, 10_000, 100_000)
STOCK = 20
"""Bytes of a message in Lubbers & Greco: "about 20 characters"."""
DRAFT_FRAME = (b"\x00", b"\xff")
"""What stood before and after a text in the WebSocket of 2009 and early 2010 (draft-hixie-thewebsocketprotocol-75)."""


# --- the quantum leap ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Printed:
    """A head as an article prints it: characters without line ends, and lines, the start line among them."""

    characters: int
    lines: int

    @property
    def wire(self) -> int:
        """Bytes as sent: CRLF after each line, and an empty line (RFC 9112 §2.1)."""
        return self.characters + 2 * (self.lines + 1)


PRINTED_REQUEST, PRINTED_RESPONSE = Printed(692, 11), Printed(179, 6)
"""Counted in Lubbers & Greco, examples 2 and 3, with the lines joined that only the page's width had broken."""


@dataclass(frozen=True)
class Segments:
    """TCP segments of a poll and of a pushed message, and the bytes of IPv4 and TCP heads on each.

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
    """A row of the table: so many clients at a message a second each, both directions together.

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
    runs: pd.DataFrame | None = None,
    cookie_bytes: int = 0,
) -> list[Quantum]:
    """The quantum leap's table: as published, then computed on each of `bases`, a row for each number of clients."""
    counted = bases(payload_bytes, segments) + ([] if runs is None else lab_bases(runs, segments, cookie_bytes))
    return [*PUBLISHED, *(quantum_row(clients, basis) for basis in counted for clients in CLIENTS)]


def quantum_row(clients: int, basis: Basis) -> Quantum:
    """What so many clients cause at a message a second each."""
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
    wire, frame = printed_wire(), model.frame_head_bytes(payload_bytes, masked=False)
    return [
        Basis("reproduced, divided by 2^20", PUBLISHED_BASIS.source, characters, draft, BINARY),
        Basis("in SI units", "SI brochure, 9th edition, table 7", characters, draft),
        Basis("with line ends", "RFC 9112 §2.1", wire, draft),
        Basis(f"frames of RFC 6455, {payload_bytes:,} B messages", "RFC 6455 §5.2", wire, frame),
        *(_on_ip(wire, frame, each) for each in segments),
    ]


def _on_ip(polling: float, websocket: float, on: Segments) -> Basis:
    name = f"with TCP/IP heads, {on.heads} B a segment"
    heads = (polling + on.polling * on.heads, websocket + on.websocket * on.heads)
    return Basis(name, "RFC 791 §3.1, RFC 9293 §3.1, RFC 7323 §3.2", *heads)


def printed_characters() -> int:
    """What the article counted: the characters of both heads."""
    return PRINTED_REQUEST.characters + PRINTED_RESPONSE.characters


def printed_wire() -> int:
    """What both heads are on the wire."""
    return PRINTED_REQUEST.wire + PRINTED_RESPONSE.wire


def draft_overhead() -> int:
    """Bytes that the draft of 2009 put around a text."""
    return sum(map(len, DRAFT_FRAME))


# --- this lab's own numbers ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measured:
    """Of the runs of one transport, all of them together: measured, the only such numbers here.

    `overhead_per_delivery` as in `runs.csv`; `framing_per_delivery` is an LF, or what a WebSocket message costs once
    the handshake is paid; segments are those of both directions, handshakes among them, None where a run lacks them.
    """

    overhead_per_delivery: float
    framing_per_delivery: float
    requests_per_delivery: float
    segments_per_delivery: float | None

    @property
    def overhead_per_poll(self) -> float:
        """What a poll costs that brings one message: all the heads of an exchange, and the framing of one message."""
        heads = self.overhead_per_delivery - self.framing_per_delivery
        return heads / self.requests_per_delivery + self.framing_per_delivery

    @property
    def segments_per_request(self) -> float | None:
        return ratio(self.segments_per_delivery, self.requests_per_delivery)


def measured(runs: pd.DataFrame, transport: str, cookie_bytes: int = 0) -> Measured | None:
    """The valid, faultless feed runs of a browser without TLS on kept connections; None if there is none."""
    chosen = _browser(table.valid(runs), transport, cookie_bytes)
    deliveries = _total(chosen, "deliveries")
    if not deliveries:
        return None
    overhead = (chosen["overhead_per_delivery"] * chosen["deliveries"]).sum() / deliveries
    sent, received = _total(chosen, "segments_sent"), _total(chosen, "segments_received")
    segments = None if sent is None or received is None else (sent + received) / deliveries
    framing, requests = (chosen[name].sum() / deliveries for name in ("framing", "requests"))
    return Measured(float(overhead), float(framing), float(requests), segments)


def _browser(runs: pd.DataFrame, transport: str, cookie_bytes: int) -> pd.DataFrame:
    wanted = {"transport": transport, "operation": "feed", "fault": "", "header_profile": "browser",
              "cookie_bytes": cookie_bytes, "tls": False, "deflate": False, "keep_alive": True}
    matches = pd.DataFrame({name: (runs[name] == value).fillna(False) for name, value in wanted.items()})
    return runs[matches.all(axis="columns")]


def _total(runs: pd.DataFrame, column: str) -> float | None:
    """The sum, None unless every run has the number."""
    return None if runs.empty or runs[column].isna().any() else float(runs[column].sum())


def lab_bases(
    runs: pd.DataFrame, segments: Sequence[Segments] = PLAIN_AND_TIMESTAMPED, cookie_bytes: int = 0
) -> list[Basis]:
    """This lab's bytes in the article's table: as its runs delivered, at one message a poll, and with their segments.

    As delivered, polls bring batches and short runs pay for their handshakes; at one message a poll, as in the article,
    the heads of a poll stand against a frame.
    """
    polling, websocket = (measured(runs, transport, cookie_bytes) for transport in ("polling", "websocket"))
    if polling is None or websocket is None:
        return [Basis("this lab", "no browser runs of both transports", None, None)]
    source = "measured: runs.csv, header profile browser"
    poll, frame = polling.overhead_per_poll, websocket.framing_per_delivery
    return [
        Basis("this lab, as delivered", source, polling.overhead_per_delivery, websocket.overhead_per_delivery),
        Basis("this lab, one message a poll", source, poll, frame),
        *(_lab_on_ip(polling, websocket, each.heads, source) for each in segments),
    ]


def _lab_on_ip(polling: Measured, websocket: Measured, heads: int, source: str) -> Basis:
    name = f"this lab, one message a poll, its segments at {heads} B"
    polls, pushes = polling.segments_per_request, websocket.segments_per_delivery
    return Basis(
        name,
        source,
        None if polls is None else polling.overhead_per_poll + polls * heads,
        None if pushes is None else websocket.framing_per_delivery + pushes * heads,
    )


# --- HPACK -----------------------------------------------------------------------------------------------------------


FRAME_HEAD, LARGEST_FRAME = 9, 2**14
"""Bytes before each HTTP/2 frame's payload, and of the largest payload (RFC 9113 §4.1; §6.5.2, initial value)."""
DROPPED = {"connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade", "http2-settings", "host"}
"""Field lines HTTP/2 has no use for (RFC 9113 §8.2.2; §3.1 for HTTP2-Settings); Host becomes :authority (§8.3.1)."""


@dataclass(frozen=True)
class Head:
    """The head of a request or response: its start line as HTTP/1.1 has it, its field lines, Host among them."""

    start_line: str
    fields: tuple[tuple[str, str], ...]

    @property
    def wire(self) -> bytes:
        """The bytes in HTTP/1.1 (RFC 9112 §2.1)."""
        lines = [self.start_line, *(f"{name}: {value}" for name, value in self.fields), "", ""]
        return "\r\n".join(lines).encode("latin-1")

    def http2(self, scheme: str = "https") -> list[tuple[str, str]]:
        """The field lines of the same head in HTTP/2, pseudo-header fields first (RFC 9113 §8.2, §8.3)."""
        dropped = DROPPED | self._connection_options()
        kept = [(name.lower(), value) for name, value in self.fields]
        first, second, *_ = self.start_line.split(" ")
        if first.startswith("HTTP/"):
            pseudo = [(":status", second)]
        else:
            host = next((value for name, value in kept if name == "host"), "")
            pseudo = [(":method", first), (":scheme", scheme), (":path", second), (":authority", host)]
        return pseudo + [(name, value) for name, value in kept if name not in dropped]

    def _connection_options(self) -> set[str]:
        """The lines that Connection names as meant for this connection alone (RFC 9110 §7.6.1)."""
        lists = (value.split(",") for name, value in self.fields if name.lower() == "connection")
        return {option.strip().lower() for options in lists for option in options}


def request(fields: Fields, path: str, authority: str, method: str = "GET") -> Head:
    """A request's head: `authority` is Host, "localhost:5001", and replaces one among the field lines."""
    others = tuple((name, value) for name, value in fields if name.lower() != "host")
    return Head(f"{method} {path} HTTP/1.1", (("Host", authority), *others))


def printed_head(text: str) -> Head:
    """A head from its text, a line each; ValueError for a line without ": "."""
    start_line, *lines = text.strip().splitlines()
    pairs = (line.strip().split(": ", 1) for line in lines)
    return Head(start_line.strip(), tuple((name, value) for name, value in pairs))


@dataclass(frozen=True)
class Compressed:
    """Bytes of heads sent one after another on one connection: in HTTP/1.1 each, on average; with HPACK the first one,
    and a later one on average. `on_wire` adds the heads of the frames."""

    plain: float
    first: int
    later: float

    @staticmethod
    def on_wire(block: float) -> float:
        """A field block and the 9 B of each HEADERS or CONTINUATION frame that it takes (RFC 9113 §4.1, §4.3)."""
        return block + FRAME_HEAD * max(math.ceil(block / LARGEST_FRAME), 1)


def compressed(heads: Sequence[Head]) -> Compressed:
    """HPACK over two or more heads on one connection, with a dynamic table of 4,096 B (RFC 7541 §4.2, RFC 9113 §6.5.2).

    The encoder enters every line into its table (RFC 7541 §6.2.1), as python's hpack does; another may choose
    otherwise. What is entered pushes the oldest out, so a line that changes makes unchanged ones be sent anew in time.
    ModelError for fewer than two heads.
    """
    if len(heads) < 2:
        raise model.ModelError("what is left of a later head needs a second head")
    encoder = hpack.Encoder()
    first, *later = (len(encoder.encode(head.http2())) for head in heads)
    return Compressed(sum(len(head.wire) for head in heads) / len(heads), first, sum(later) / len(later))


def polls(fields: Fields, authority: str, count: int = 100, epoch: str = "0123456789abcdef") -> list[Head]:
    """The heads of this lab's polls one after another, each asking for what comes after one message more."""
    return [request(fields, f"/messages?after={seq}&epoch={epoch}", authority) for seq in range(1, count + 1)]


def answers(count: int = 100, length: int = 143, moment: str = "Sun, 22 Nov 2026 20:32:00 GMT") -> list[Head]:
    """The heads of this lab's answers to them, a second apart, each with a body of `length` bytes."""
    lines = (("Content-Type", "application/x-ndjson"), ("Content-Length", str(length)), ("Date", moment))
    return [later_by(Head("HTTP/1.1 200 OK", lines), seconds) for seconds in range(count)]


def later_by(head: Head, seconds: int) -> Head:
    """The same head with a Date so much later."""
    lines = ((name, _date_later(value, seconds) if name.lower() == "date" else value) for name, value in head.fields)
    return replace(head, fields=tuple(lines))


def _date_later(date: str, seconds: int) -> str:
    return format_datetime(parsedate_to_datetime(date) + timedelta(seconds=seconds), usegmt=True)


# --- the audit -------------------------------------------------------------------------------------------------------


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
"""What HPACK leaves of the article's heads, first and later, as the lab's audit has it before it is computed."""


def audit(
    fields: Fields,
    authority: str = "localhost:5001",
    runs: pd.DataFrame | None = None,
    printed: tuple[str, str] | None = None,
) -> list[Audited]:
    """The six points of the audit of Lubbers & Greco, each with a line or more, in order.

    `fields` are the recorded browser's field lines, to which HPACK is applied. The article's heads are not kept in this
    lab, only their characters and lines: give their text as `printed`, request and response, and the counts and the
    HPACK figures known for them are checked as well. With `runs`, point 4 has a line from the runs' own segments.
    """
    known = [] if printed is None else list(_printed(*map(printed_head, printed)))
    lines = [_line_ends(), *_units(), *_frames(), *_segments(runs), *_latency(), *_hpack(fields, authority), *known]
    return sorted(lines, key=lambda line: line.point)


def _line_ends() -> Audited:
    return Audited(1, "heads of a poll", "B", PUBLISHED_POLL, printed_wire(), "RFC 9112 §2.1")


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
            head = model.frame_head_bytes(size, masked)
            yield Audited(3, f"frame head from the {sender}, {size:,} B message", "B", claimed, head, "RFC 6455 §5.2")


def _segments(runs: pd.DataFrame | None) -> Iterator[Audited]:
    """A poll against a push with the heads of TCP and IP, the article's message included."""
    claimed, frame = PUBLISHED_POLL / PUBLISHED_FRAME, model.frame_head_bytes(STOCK, masked=False)
    for on in PLAIN_AND_TIMESTAMPED:
        basis = _on_ip(printed_wire() + STOCK, frame + STOCK, on)
        yield Audited(4, f"a poll {basis.name}", "B", PUBLISHED_POLL, basis.polling, basis.source)
        yield Audited(4, f"a push {basis.name}", "B", PUBLISHED_FRAME, basis.websocket, basis.source)
        computed = ratio(basis.polling, basis.websocket)
        yield Audited(4, f"a poll to a push, {on.heads} B a segment", ": 1", claimed, computed, basis.source)
    for basis in [] if runs is None else lab_bases(runs)[1:]:
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
    """What is left of this lab's heads on HTTP/2, frames included, of what HTTP/1.1 sends each time."""
    source = "RFC 7541, RFC 9113 §4.1; computed with python's hpack"
    for what, heads in (("the recorded browser's poll", polls(fields, authority)), ("this lab's answer", answers())):
        sizes = compressed(heads)
        yield Audited(6, f"{what}, first", "B", len(heads[0].wire), sizes.on_wire(sizes.first), source)
        yield Audited(6, f"{what}, later", "B", sizes.plain, sizes.on_wire(sizes.later), source)


def _printed(asked: Head, answered: Head) -> Iterator[Audited]:
    """What is known of the article's heads, from their text; the answer's Date moves on."""
    for what, head, size in (("request", asked, PRINTED_REQUEST.wire), ("response", answered, PRINTED_RESPONSE.wire)):
        yield Audited(1, f"the printed {what}", "B", size, len(head.wire), "RFC 9112 §2.1")
    for what, head in (("request", asked), ("response", answered)):
        sizes, (first, later) = compressed([head, later_by(head, 1)]), KNOWN_BLOCKS[what]
        yield Audited(6, f"the printed {what}, first, without its frame", "B", first, sizes.first, "RFC 7541")
        yield Audited(6, f"the printed {what}, later, without its frame", "B", later, sizes.later, "RFC 7541")


# --- server-sent events ----------------------------------------------------------------------------------------------


SERVER_SENT_EVENTS = "server-sent-events"


def event(seq: int, message: bytes) -> bytes:
    """A message as an event whose id is its seq, from which a browser resumes after a lost connection (Last-Event-ID).

    HTML Living Standard §9.2.5 and §9.2.6. A data line for each line of the message; their ends arrive as LF.
    """
    lines = b"".join(b"data: %b\n" % line for line in re.split(rb"\r\n|\r|\n", message))
    return b"id: %d\n%b\n" % (seq, lines)


def chunk(data: bytes) -> bytes:
    """A chunk of the chunked transfer coding: its size in hexadecimal, the data, CRLF after each (RFC 9112 §7.1).

    ValueError for no data: that chunk would be the last one.
    """
    if not data:
        raise ValueError("a chunk without data ends the body")
    return b"%x\r\n%b\r\n" % (len(data), data)


def event_overhead(message_bytes: int, seq: int = 1) -> int:
    """Bytes beside each message of one line: `id:` and `data:` with their line ends, and a chunk for each event."""
    return len(chunk(event(seq, bytes(message_bytes)))) - message_bytes


# --- per message, and per client and hour ----------------------------------------------------------------------------


HOUR = 3600


@dataclass(frozen=True)
class Workload:
    """What a client follows and how; the arrivals are Poisson's. `seq` is that of a typical message."""

    rate_hz: float = 1.0
    message_bytes: int = 142
    poll_interval_s: float = 1.0
    hold_s: float = 25.0
    one_way_delay_s: float = 0.0
    seq: int = 1_000


@dataclass(frozen=True)
class Costs:
    """Bytes of heads: of a poll or long poll each time; once a connection, of the opening handshake's request and
    response, and of an event stream's."""

    heads: Heads
    handshake: float
    stream: float


@dataclass(frozen=True)
class PerMessage:
    """Bytes beside each message, and those that come once a connection, whatever it carries."""

    transport: str
    message_bytes: int
    overhead_bytes: float
    once_bytes: float


@dataclass(frozen=True)
class ClientHour:
    """What a client sends and receives in an hour on one connection: requests, and bytes."""

    transport: str
    requests: float
    overhead_bytes: float
    message_bytes: float

    @property
    def total_bytes(self) -> float:
        return self.overhead_bytes + self.message_bytes


def per_message(workload: Workload, costs: Costs) -> list[PerMessage]:
    """The four transports, server-sent events the last; from `results.model` where it knows them."""
    heads, rate, size = costs.heads, workload.rate_hz, workload.message_bytes
    held = model.long_polling_overhead(workload.one_way_delay_s, rate, workload.hold_s, heads)
    return [
        PerMessage("polling", size, float(model.polling_overhead(rate, workload.poll_interval_s, heads)), 0),
        PerMessage("long-polling", size, float(held), 0),
        PerMessage("websocket", size, model.websocket_overhead(size), costs.handshake),
        PerMessage(SERVER_SENT_EVENTS, size, event_overhead(size, workload.seq), costs.stream),
    ]


def by_size(sizes: Sequence[int], workload: Workload, costs: Costs) -> list[PerMessage]:
    """`per_message` for messages of each of these sizes."""
    return [line for size in sizes for line in per_message(replace(workload, message_bytes=size), costs)]


def client_hour(workload: Workload, costs: Costs) -> list[ClientHour]:
    """The four transports over an hour on one connection, what comes once included."""
    messages = HOUR * workload.rate_hz
    return [
        ClientHour(
            line.transport,
            requests_per_hour(line.transport, workload),
            messages * line.overhead_bytes + line.once_bytes,
            messages * line.message_bytes,
        )
        for line in per_message(workload, costs)
    ]


def requests_per_hour(transport: str, workload: Workload) -> float:
    """Requests of one client: one for each poll or hold, or one in all."""
    rate, messages = workload.rate_hz, HOUR * workload.rate_hz
    if transport == "polling":
        return messages * float(model.polls_per_message(rate, workload.poll_interval_s))
    if transport == "long-polling":
        return messages * float(model.responses_per_message(workload.one_way_delay_s, rate, workload.hold_s))
    return 1.0
