"""What makes a run count, and why one does not."""

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any

from clients.ledger import Ledger
from loadtests.experiments.run import Run
from loadtests.runs.tally import Tally
from results.transports import TRANSPORTS

LATEST_PUBLISHER_MS, LARGEST_CPU_SHARE, FEWEST_MESSAGES = 5.0, 0.85, 5
LATEST_PAGE_S = 0.1  # the longest that a window may begin or end after its moment
LARGEST_LAG_MS, LARGEST_LAG_SHARE = 10.0, 0.1  # of the mean latency, where clients ask for what they get


class Reason(Enum):
    """Why a run does not count: the words of `invalid_reason` in runs.csv, with a place for each number."""

    LOST = "{} lost"
    REPEATED = "{} repeated"
    OUT_OF_ORDER = "{} out of order"
    FAILURES = "{} failures of clients"
    DELIVERIES = "{} deliveries of {}"
    NOT_BOOKED = "{} bytes not booked {}"
    MESSAGES_NOT_BOOKED = "{} bytes of messages not booked"
    KERNEL_DIFFERS = "TCP_INFO counts {} bytes {} {} than the ledger"
    PUBLISHER_LATE = "publisher {:.1f} ms late at p99"
    GENERATOR_BUSY = "generator took {:.2f} of a core"
    PATH_BUSY = "the path of packets took {:.2f} of a core"
    GENERATOR_LATE = "generator {:.1f} ms late at p99"
    WINDOW_LATE = "pages turned {:.0f} ms late"
    CLOCKS_DIFFER = "clocks differ: {:,} deliveries came before they were published, by up to {:,.1f} ms"
    TOO_FEW = "only {} messages"

    def words(self, *values: object) -> str:
        """The reason with its numbers."""
        return self.value.format(*values)


HELP = {
    Reason.GENERATOR_LATE: "fewer --clients, a lower --rate, a smaller --size, or a machine that does nothing else",
    Reason.PUBLISHER_LATE: "fewer --clients, a lower --rate, a smaller --size, or a machine that does nothing else",
    Reason.GENERATOR_BUSY: "fewer --clients or a lower --rate",
    Reason.TOO_FEW: "a higher --rate, or a longer --duration",
}
"""What may make a run valid."""
ELSE = "another try; if that is no better, the lab is at fault"


def reasons_against(run: Run, tally: Tally, cells: dict[str, Any], path_share: float | None = None) -> list[str]:
    """Why the run does not count; empty if it does. What an injected fault has cost is no reason."""
    found = [reason.words(*values) for reason, holds, *values in _checked(run, tally, cells) if holds]
    if path_share is not None and path_share > LARGEST_CPU_SHARE:
        found.append(Reason.PATH_BUSY.words(path_share))
    return found


def _checked(run: Run, tally: Tally, cells: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Each reason, whether it holds, and its numbers."""
    lag, late = cells["generator_lag_p99_ms"], cells["publisher_late_p99_ms"]
    everything, wanted = tally.all_bytes, cells["published"] * (run.clients if run.followed else 1)
    unbooked = tally.message_bytes_in_all - everything.payload
    if not run.fault:
        yield Reason.LOST, tally.lost, tally.lost
        yield Reason.REPEATED, tally.duplicated, tally.duplicated
        yield Reason.OUT_OF_ORDER, tally.out_of_order, tally.out_of_order
        yield Reason.FAILURES, tally.failures, tally.failures
        yield Reason.DELIVERIES, tally.samples != wanted, tally.samples, wanted
    for where, ledger in {"on joining": tally.joining, "in the window": tally.ledger, "outside it": tally.rest}.items():
        yield Reason.NOT_BOOKED, ledger.difference, ledger.difference, where
    yield Reason.MESSAGES_NOT_BOOKED, unbooked and not run.deflate, unbooked
    yield from _compared_with_kernel(everything)
    yield Reason.PUBLISHER_LATE, late > LATEST_PUBLISHER_MS, late
    yield Reason.GENERATOR_BUSY, tally.cpu_share > LARGEST_CPU_SHARE, tally.cpu_share
    yield Reason.GENERATOR_LATE, lag > allowed_lag_ms(run, cells["latency_mean_ms"]), lag
    yield Reason.WINDOW_LATE, tally.turned_late_s > LATEST_PAGE_S, tally.turned_late_s * 1000
    yield Reason.CLOCKS_DIFFER, tally.before_publication, tally.before_publication, tally.earliest_s * 1000
    yield Reason.TOO_FEW, len(tally.messages) < FEWEST_MESSAGES, len(tally.messages)


def _compared_with_kernel(ledger: Ledger) -> Iterator[tuple[Any, ...]]:
    """Whether the kernel's count differs from the ledger's; nothing where it does not count (not Linux)."""
    for way in ("sent", "received") if ledger.segments_sent else ():
        size = getattr(ledger, f"kernel_{way}") - getattr(ledger, f"wire_{way}")
        yield Reason.KERNEL_DIFFERS, size, abs(size), "more" if size > 0 else "less", way


def clocks_differ(tally: Tally) -> str:
    """What deliveries say of clocks that came before they were published."""
    return Reason.CLOCKS_DIFFER.words(tally.before_publication, tally.earliest_s * 1000)


def allowed_lag_ms(run: Run, mean_ms: float | None) -> float:
    """How late the generator may come to what it does: what it adds must be small beside what is measured."""
    asks = TRANSPORTS[run.transport].asks
    return max(LARGEST_LAG_MS, LARGEST_LAG_SHARE * (mean_ms or 0.0) if asks else 0.0)


def reasons_in(words: str) -> set[Reason]:
    """The reasons of a cell `invalid_reason`; unknown words give none."""
    return {reason for part in words.split("; ") for reason in Reason if _pattern(reason).fullmatch(part)}


def _pattern(reason: Reason) -> re.Pattern[str]:
    """What matches the reason's words with any numbers."""
    return re.compile(".+".join(map(re.escape, re.split(r"{[^}]*}", reason.value))))


def help_against(cells: Iterable[str]) -> str:
    """What may make such runs valid, from their cells `invalid_reason`."""
    found = {reason for cell in cells for reason in reasons_in(cell)}
    return next((words for reason, words in HELP.items() if reason in found), ELSE)
