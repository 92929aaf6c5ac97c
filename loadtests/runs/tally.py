"""What a load generator measures: exact samples, the ledger's pages, every seq checked; merged over processes without
loss.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from math import inf
from typing import Any

from hdrh.histogram import HdrHistogram

from clients.ledger import Ledger
from results.histogram import new_histogram

COUNTS = (
    "clients",
    "deliveries",
    "message_bytes",
    "message_bytes_in_all",
    "lost",
    "duplicated",
    "out_of_order",
    "requests",
    "empty_responses",
    "answers",
    "held_us",
    "absences",
    "absent_us",
    "connections",
    "failures",
    "stamped",
    "up_us",
    "gaps",
    "joining_us",
    "before_publication",
)
COUNTERS = ("latencies", "delays", "ups", "late_requests")
FEED = 1_000_000_000  # a feed restarted in a run counts its seqs from the next multiple
PAGES = ("joining", "ledger", "rest")
MAXIMA = ("cpu_share", "turned_late_s", "earliest_s", "clock_bound_s")


@dataclass
class Sequence:
    """One client's check that each message comes once and in order; `seq` is the newest it has seen."""

    seq: int
    lost: set[int] = field(default_factory=set)
    duplicated: int = 0
    out_of_order: int = 0

    def check(self, seq: int) -> None:
        """Step to `seq`; what was skipped counts as lost until it comes, and then as out of order."""
        if seq > self.seq:
            self.lost.update(range(self.seq + 1, seq))
            self.seq = seq
        elif seq in self.lost:
            self.lost.remove(seq)
            self.out_of_order += 1
        else:
            self.duplicated += 1


@dataclass
class Sampled:
    """One message as a generator's clients received it: published at Unix time; who, and how late, in microseconds."""

    published_at: float
    clients: list[int] = field(default_factory=list)
    latencies_us: list[int] = field(default_factory=list)


@dataclass
class Tally:
    """What one process measured, or several together.

    A client's bytes stand on three pages: `joining`, up to its first response or its 101; `ledger`, of the window; and
    `rest`. These counts are of the window alone: `deliveries`, `message_bytes`, `requests`, `empty_responses`,
    `answers`, `held_us`, `absences`, `absent_us`. Other counts are of all pages.

    - `held_us`: microseconds from a long-polling request to its response.
    - `absent_us`: microseconds from a response to the next one, without pauses, where a message was waiting.
    - `stamped`: samples that have the kernel's own time of arrival.
    - `late_requests`: microseconds by which a late request delayed what came with it: one for each poll, and by long
      polling one for each delivery.
    - `ups`: microseconds from sending to publication, for clients that send; `up_us` is their exact sum.

    Latencies are sampled from the messages published in `span`. A `span` without an end keeps their histogram alone.
    `earlier` keeps the publication times before it: a long poll's place in its cycle depends on them.
    """

    clients: int = 0
    deliveries: int = 0
    message_bytes: int = 0
    message_bytes_in_all: int = 0
    lost: int = 0
    duplicated: int = 0
    out_of_order: int = 0
    requests: int = 0
    empty_responses: int = 0
    answers: int = 0
    held_us: int = 0
    absences: int = 0
    absent_us: int = 0
    connections: int = 0
    failures: int = 0
    stamped: int = 0
    up_us: int = 0
    gaps: int = 0  # that a client was told of
    joining_us: int = 0  # from the beginning of joining to its end, summed over the clients
    before_publication: int = 0  # deliveries that came before they were published, by the two clocks
    earliest_s: float = 0.0  # by how much, at most
    cpu_share: float = 0.0  # of one core, of the busiest process
    clock_bound_s: float = 0.0  # by how much the clocks of other hosts may be wrong, at most
    turned_late_s: float = 0.0  # how much later than told a process came to turn the pages, at most
    joining: Ledger = field(default_factory=Ledger)
    ledger: Ledger = field(default_factory=Ledger)
    rest: Ledger = field(default_factory=Ledger)
    span: tuple[float, float] = (-inf, inf)
    earlier: dict[int, float] = field(default_factory=dict)
    messages: dict[int, Sampled] = field(default_factory=dict)
    latencies: Counter[int] = field(default_factory=Counter)  # samples by microseconds, as the histogram tells them
    delays: Counter[int] = field(default_factory=Counter)  # from arrival to the client, likewise
    ups: Counter[int] = field(default_factory=Counter)  # likewise
    late_requests: Counter[int] = field(default_factory=Counter)  # likewise
    lag_us: HdrHistogram = field(default_factory=new_histogram)

    @property
    def samples(self) -> int:
        """How many deliveries the latencies are of."""
        return self.latencies.total()

    @property
    def mean_s(self) -> float:
        """The exact mean latency in seconds; something must have been sampled, message by message."""
        return sum(sum(message.latencies_us) for message in self.messages.values()) / self.samples / 1e6

    @property
    def all_bytes(self) -> Ledger:
        """All bytes of all clients."""
        return self.joining + self.ledger + self.rest

    def histogram(self) -> HdrHistogram:
        """The latencies in microseconds; made here, since recording each delivery in one takes four times as long."""
        return histogram_of(self.latencies)

    def delay_histogram(self) -> HdrHistogram:
        """The generator's delays in microseconds."""
        return histogram_of(self.delays)

    def late_request_histogram(self) -> HdrHistogram:
        """What late requests added to latencies, in microseconds."""
        return histogram_of(self.late_requests)

    def upstream_histogram(self) -> HdrHistogram:
        """The ways up in microseconds."""
        return histogram_of(self.ups)

    def sample(
        self, client: int, seq: int, published_at: float, seen_at: float, arrived_at: float | None = None
    ) -> None:
        """Sample the latency of one delivery: until the kernel's moment of arrival, else until the client has seen it.

        Times are Unix time in seconds.
        """
        begin, end = self.span
        if published_at < begin:
            self.earlier[seq] = published_at
        if not begin <= published_at < end:
            return
        if arrived_at is not None:
            self.stamped += 1
            self.delays[quantised(in_microseconds(seen_at - arrived_at))] += 1
        latency_s = (arrived_at or seen_at) - published_at
        if latency_s < 0:  # the clocks differ: this is no latency
            self.before_publication += 1
            self.earliest_s = max(self.earliest_s, -latency_s)
            return
        latency_us = in_microseconds(latency_s)
        self.latencies[quantised(latency_us)] += 1
        if end < inf:
            message = self.messages.get(seq)
            if message is None:
                message = self.messages[seq] = Sampled(published_at)
            message.clients.append(client)
            message.latencies_us.append(latency_us)

    def sample_upstream(self, sent_at: float, published_at: float) -> None:
        """Sample how long a client's message took to be published; Unix times, both of this machine's clock."""
        begin, end = self.span
        if begin <= published_at < end:
            up_us = in_microseconds(published_at - sent_at)
            self.up_us += up_us
            self.ups[quantised(up_us)] += 1

    def count_late_request(self, seconds: float) -> None:
        """Count by how much a late request delayed what came with it; on time if the seconds are negative."""
        self.late_requests[quantised(in_microseconds(seconds))] += 1

    def close(self, sequence: Sequence, newest: int | None = None) -> None:
        """Add what a client's check found; what is missing up to `newest` counts as lost."""
        if newest is not None:
            sequence.lost.update(range(sequence.seq + 1, newest + 1))
        self.lost += len(sequence.lost)
        self.duplicated += sequence.duplicated
        self.out_of_order += sequence.out_of_order

    def add(self, other: "Tally") -> None:
        """Merge another process's tally into this one; its clients are counted on from this one's."""
        for seq, theirs in other.messages.items():
            ours = self.messages.setdefault(seq, Sampled(theirs.published_at))
            ours.clients += [self.clients + client for client in theirs.clients]
            ours.latencies_us += theirs.latencies_us
        for name in (*COUNTS, *PAGES):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in MAXIMA:
            setattr(self, name, max(getattr(self, name), getattr(other, name)))
        self.earlier |= other.earlier
        for name in COUNTERS:
            getattr(self, name).update(getattr(other, name))
        self.lag_us.add(other.lag_us)

    def with_cpu_share_at_least(self, cpu_share: float) -> "Tally":
        """The same, but `cpu_share` no less than that of a process without clients."""
        return replace(self, cpu_share=max(self.cpu_share, cpu_share))

    def as_values(self) -> dict[str, Any]:
        """All but the span in numbers, text, lists and dictionaries, as another process can be sent it; a copy."""
        values: dict[str, Any] = {name: getattr(self, name) for name in (*COUNTS, *MAXIMA)}
        values |= {name: asdict(getattr(self, name)) for name in PAGES}
        values["messages"] = [
            (seq, message.published_at, list(message.clients), list(message.latencies_us))
            for seq, message in self.messages.items()
        ]
        values |= {name: list(getattr(self, name).items()) for name in ("earlier", *COUNTERS)}
        values["lag_us"] = self.lag_us.encode().decode()
        return values

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> "Tally":
        """The tally of which these are the values."""
        pages = {name: Ledger(**values[name]) for name in PAGES}
        messages = {seq: Sampled(*rest) for seq, *rest in values["messages"]}
        counters = {name: Counter(dict(values[name])) for name in COUNTERS}
        lag_us = HdrHistogram.decode(values["lag_us"])
        earlier = dict(values["earlier"])
        return cls(**values | pages | counters | {"messages": messages, "earlier": earlier, "lag_us": lag_us})

    @classmethod
    def merged(cls, tallies: Iterable["Tally"]) -> "Tally":
        whole = cls()
        for tally in tallies:
            whole.add(tally)
        return whole


def histogram_of(counted: Counter[int]) -> HdrHistogram:
    histogram = new_histogram()
    for microseconds, times in counted.items():
        histogram.record_value(microseconds, times)
    return histogram


def in_microseconds(seconds: float) -> int:
    return max(round(seconds * 1e6), 1)


def quantised(microseconds: int) -> int:
    """The least value that the histogram does not tell from this one: it keeps the eleven leading binary digits."""
    beyond = max(microseconds.bit_length() - 11, 0)
    return microseconds >> beyond << beyond
