"""What a load generator measures: exact samples, the ledger, every seq checked; merged over processes without loss."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, astuple, dataclass, field, replace
from typing import Any

from hdrh.histogram import HdrHistogram

from clients.ledger import Ledger
from results.histogram import new_histogram

COUNTS = (
    "deliveries",
    "message_bytes",
    "lost",
    "duplicated",
    "out_of_order",
    "requests",
    "empty_responses",
    "connections",
    "failures",
)


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
class Published:
    """One message as a generator's clients received it: times in seconds, bytes, latencies summed in microseconds."""

    published_at: float
    size: int
    deliveries: int = 0
    latency_us: int = 0


@dataclass
class Tally:
    """What one process measured, or several together."""

    deliveries: int = 0
    message_bytes: int = 0
    lost: int = 0
    duplicated: int = 0
    out_of_order: int = 0
    requests: int = 0
    empty_responses: int = 0
    connections: int = 0
    failures: int = 0
    cpu_share: float = 0.0  # of one core, of the busiest process
    ledger: Ledger = field(default_factory=Ledger)
    messages: dict[int, Published] = field(default_factory=dict)
    latencies: Counter[int] = field(default_factory=Counter)  # deliveries by microseconds, as the histogram tells them
    lag_us: HdrHistogram = field(default_factory=new_histogram)

    @property
    def mean_s(self) -> float:
        """The exact mean latency in seconds; something must have been delivered."""
        return sum(message.latency_us for message in self.messages.values()) / self.deliveries / 1e6

    def histogram(self) -> HdrHistogram:
        """The latencies in microseconds; made here, since recording each delivery in one takes four times as long."""
        histogram = new_histogram()
        for microseconds, deliveries in self.latencies.items():
            histogram.record_value(microseconds, deliveries)
        return histogram

    def count(self, seq: int, published_at: float, received_at: float, size: int) -> None:
        """Count one delivery of a message of `size` bytes, and its latency; times are Unix time in seconds."""
        latency_us = max(round((received_at - published_at) * 1e6), 1)
        self.deliveries += 1
        self.message_bytes += size
        self.latencies[told_apart(latency_us)] += 1
        message = self.messages.get(seq)
        if message is None:
            message = self.messages[seq] = Published(published_at, size)
        message.deliveries += 1
        message.latency_us += latency_us

    def close(self, sequence: Sequence, newest: int | None = None) -> None:
        """Add what a client's check found; what is missing up to `newest` counts as lost."""
        if newest is not None:
            sequence.lost.update(range(sequence.seq + 1, newest + 1))
        self.lost += len(sequence.lost)
        self.duplicated += sequence.duplicated
        self.out_of_order += sequence.out_of_order

    def add(self, other: "Tally") -> None:
        """Merge another process's tally into this one."""
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.cpu_share = max(self.cpu_share, other.cpu_share)
        self.ledger += other.ledger
        self.latencies.update(other.latencies)
        self.lag_us.add(other.lag_us)
        for seq, theirs in other.messages.items():
            ours = self.messages.setdefault(seq, Published(theirs.published_at, theirs.size))
            ours.deliveries += theirs.deliveries
            ours.latency_us += theirs.latency_us

    def beside(self, cpu_share: float) -> "Tally":
        """The same, but `cpu_share` no less than that of a process without clients."""
        return replace(self, cpu_share=max(self.cpu_share, cpu_share))

    def as_values(self) -> dict[str, Any]:
        """All of it in numbers, text, lists and dictionaries, as another process can be sent it; a copy."""
        values: dict[str, Any] = {name: getattr(self, name) for name in (*COUNTS, "cpu_share")}
        values["ledger"] = asdict(self.ledger)
        values["messages"] = [(seq, *astuple(message)) for seq, message in self.messages.items()]
        values["latencies"] = list(self.latencies.items())
        values["lag_us"] = self.lag_us.encode().decode()
        return values

    @classmethod
    def from_values(cls, values: dict[str, Any]) -> "Tally":
        """The tally of which these are the values."""
        ledger = Ledger(**values["ledger"])
        messages = {seq: Published(*rest) for seq, *rest in values["messages"]}
        latencies, lag_us = Counter(dict(values["latencies"])), HdrHistogram.decode(values["lag_us"])
        return cls(**values | {"ledger": ledger, "messages": messages, "latencies": latencies, "lag_us": lag_us})

    @classmethod
    def merged(cls, tallies: Iterable["Tally"]) -> "Tally":
        whole = cls()
        for tally in tallies:
            whole.add(tally)
        return whole


def told_apart(microseconds: int) -> int:
    """The least value that the histogram does not tell from this one: it keeps the eleven leading binary digits."""
    beyond = max(microseconds.bit_length() - 11, 0)
    return microseconds >> beyond << beyond
