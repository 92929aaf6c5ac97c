"""What makes a run count, and why one does not."""

from collections.abc import Iterable
from typing import Any

from clients.ledger import Ledger
from loadtests.experiments.run import Run
from loadtests.runs.tally import Tally

HELP = {
    "late at p99": "fewer --clients, a lower --rate, a smaller --size, or a machine that does nothing else",
    "of a core": "fewer --clients or a lower --rate",
    "only": "a higher --rate, or a longer --profile",
}
ELSE = "another try; if that is no better, the lab is at fault"
LATEST_PUBLISHER_MS, LARGEST_CPU_SHARE, LARGEST_LAG_MS, FEWEST_MESSAGES = 5.0, 0.85, 10.0, 5


def reasons_against(run: Run, tally: Tally, cells: dict[str, Any]) -> list[str]:
    """Why the run does not count; empty if it does. What an injected fault has cost is no reason."""
    lag, late = cells["generator_lag_p99_ms"], cells["publisher_late_p99_ms"]
    wanted = cells["published"] * run.clients
    unbooked = tally.message_bytes - tally.ledger.payload
    broken = {
        f"{tally.lost} lost": tally.lost,
        f"{tally.duplicated} repeated": tally.duplicated,
        f"{tally.out_of_order} out of order": tally.out_of_order,
        f"{tally.failures} failures of clients": tally.failures,
        f"{tally.deliveries} deliveries of {wanted}": tally.deliveries != wanted,
    }
    reasons = {
        **({} if run.fault else broken),
        f"{tally.ledger.difference} bytes not booked": tally.ledger.difference,
        f"{unbooked} bytes of messages not booked": unbooked and not run.deflate,
        **disagreements(tally.ledger),
        f"publisher {late:.1f} ms late at p99": late > LATEST_PUBLISHER_MS,
        f"generator took {tally.cpu_share:.2f} of a core": tally.cpu_share > LARGEST_CPU_SHARE,
        f"generator {lag:.1f} ms late at p99": lag > LARGEST_LAG_MS,
        f"only {len(tally.messages)} messages": len(tally.messages) < FEWEST_MESSAGES,
    }
    return [reason for reason, holds in reasons.items() if holds]


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
