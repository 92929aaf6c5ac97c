"""What makes a run count, and why one does not."""

from collections.abc import Iterable
from typing import Any

from clients.ledger import Ledger
from loadtests.experiments.run import Run
from loadtests.runs.tally import Tally
from results.transports import TRANSPORTS

FEW = "only"  # of too few messages; to try again brings no more
HELP = {
    "late at p99": "fewer --clients, a lower --rate, a smaller --size, or a machine that does nothing else",
    "of a core": "fewer --clients or a lower --rate",
    FEW: "a higher --rate, or a longer --duration",
}
ELSE = "another try; if that is no better, the lab is at fault"
LATEST_PUBLISHER_MS, LARGEST_CPU_SHARE, FEWEST_MESSAGES = 5.0, 0.85, 5
LATEST_PAGE_S = 0.1  # the longest that a window may begin or end after its moment
LARGEST_LAG_MS, LARGEST_LAG_SHARE = 10.0, 0.1  # of the mean latency, where clients ask for what they get


def reasons_against(run: Run, tally: Tally, cells: dict[str, Any]) -> list[str]:
    """Why the run does not count; empty if it does. What an injected fault has cost is no reason."""
    lag, late = cells["generator_lag_p99_ms"], cells["publisher_late_p99_ms"]
    whole, wanted = tally.all_bytes, cells["published"] * (run.clients if run.followed else 1)
    unbooked = tally.message_bytes_in_all - whole.payload
    broken = {
        f"{tally.lost} lost": tally.lost,
        f"{tally.duplicated} repeated": tally.duplicated,
        f"{tally.out_of_order} out of order": tally.out_of_order,
        f"{tally.failures} failures of clients": tally.failures,
        f"{tally.samples} deliveries of {wanted}": tally.samples != wanted,
    }
    reasons = {
        **({} if run.fault else broken),
        **unbooked_bytes(tally),
        f"{unbooked} bytes of messages not booked": unbooked and not run.deflate,
        **disagreements(whole),
        f"publisher {late:.1f} ms late at p99": late > LATEST_PUBLISHER_MS,
        f"generator took {tally.cpu_share:.2f} of a core": tally.cpu_share > LARGEST_CPU_SHARE,
        f"generator {lag:.1f} ms late at p99": lag > allowed_lag_ms(run, cells["latency_mean_ms"]),
        f"pages turned {tally.turned_late_s * 1000:.0f} ms late": tally.turned_late_s > LATEST_PAGE_S,
        clocks_differ(tally): tally.before_publication > 0,
        f"{FEW} {len(tally.messages)} messages": len(tally.messages) < FEWEST_MESSAGES,
    }
    return [reason for reason, holds in reasons.items() if holds]


def clocks_differ(tally: Tally) -> str:
    """What deliveries say of clocks that came before they were published."""
    return (
        f"clocks differ: {tally.before_publication:,} deliveries came before they were published, by up to "
        f"{tally.earliest_s * 1000:,.1f} ms"
    )


def unbooked_bytes(tally: Tally) -> dict[str, bool]:
    """On which page the headings do not add up to the wire."""
    pages = {"on joining": tally.joining, "in the window": tally.ledger, "beside it": tally.rest}
    return {f"{page.difference} bytes not booked {where}": bool(page.difference) for where, page in pages.items()}


def allowed_lag_ms(run: Run, mean_ms: float | None) -> float:
    """How late the generator may come to what it does: what it adds must be small beside what is measured."""
    asks = TRANSPORTS[run.transport].asks
    return max(LARGEST_LAG_MS, LARGEST_LAG_SHARE * (mean_ms or 0.0) if asks else 0.0)


def disagreements(ledger: Ledger) -> dict[str, bool]:
    """Where the kernel's count differs from the ledger's; nothing where it does not count (not Linux)."""
    beyond = {way: getattr(ledger, f"kernel_{way}") - getattr(ledger, f"wire_{way}") for way in ("sent", "received")}
    return {
        f"TCP_INFO counts {abs(size)} bytes {'more' if size > 0 else 'less'} {way} than the ledger": bool(size)
        for way, size in beyond.items()
        if ledger.segments_sent
    }


def help_against(reasons: Iterable[str]) -> str:
    """What may make such runs valid, by the reasons why they are not."""
    said = " ".join(reasons)
    return next((words for part, words in HELP.items() if part in said), ELSE)
