"""The sixteen claims under test, and each one's verdict: computed from the runs, never typed in.

A verdict is `holds`, `holds when …`, `does not hold` or `not measured here`, and carries the numbers it rests on.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from results import table
from results.claims.bytes import overhead, request_heads
from results.claims.carrying import carrying
from results.claims.claim import CLAIMS, NOT_MEASURED, Claim, Verdict
from results.claims.connections import connections, held_requests
from results.claims.echo import echoes
from results.claims.evidence import Judged
from results.claims.latency import latency
from results.claims.secure import secure
from results.select import NotMeasured

JUDGES: dict[str, Callable[[pd.DataFrame], Judged]] = {
    "C1": request_heads,
    "C2": overhead,
    "C3": carrying,
    "C5": held_requests,
    "C6": connections,
    "C11": latency,
    "C15": echoes,
    "C16": secure,
}


def verdicts(runs: pd.DataFrame) -> list[Verdict]:
    """A verdict for each of the sixteen claims, from those of the runs that are valid."""
    good = table.valid(runs)
    return [_verdict(claim, good) for claim in CLAIMS]


def _verdict(claim: Claim, runs: pd.DataFrame) -> Verdict:
    if claim.id not in JUDGES:
        return Verdict(claim, NOT_MEASURED)
    try:
        return Verdict(claim, *JUDGES[claim.id](runs))
    except NotMeasured as missing:
        return Verdict(claim, NOT_MEASURED, (str(missing),))
