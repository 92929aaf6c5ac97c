"""The sixteen claims under test, and each one's verdict: computed from the runs, never typed in.

A verdict is an outcome, a reason, and a table of evidence. Seven rest on runs, eight on observations, and C16 on both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from results import table
from results.claims.bytes import overhead, request_heads
from results.claims.claim import CLAIMS, Judgement, Outcome, Verdict
from results.claims.claim import UNDECIDED as UNDECIDED
from results.claims.claim import counted as counted
from results.claims.connections import connections, held_requests
from results.claims.echo import echoes
from results.claims.events import actions, events
from results.claims.frames import fragments, frame_heads, same_connection
from results.claims.header_latency import header_latency
from results.claims.http2 import over_http2
from results.claims.latency import latency
from results.claims.observed import NotObserved
from results.claims.payload_types import kinds
from results.claims.requests import handshake, needless_lines
from results.claims.secure import secure
from results.select import NotMeasured

BY_RUNS: dict[str, Callable[[pd.DataFrame], Judgement]] = {
    "C1": request_heads,
    "C2": overhead,
    "C3": header_latency,
    "C5": held_requests,
    "C6": connections,
    "C11": latency,
    "C15": echoes,
}
BY_OBSERVATIONS: dict[str, Callable[[pd.DataFrame], Judgement]] = {
    "C4": needless_lines,
    "C7": handshake,
    "C8": same_connection,
    "C9": frame_heads,
    "C10": fragments,
    "C12": events,
    "C13": actions,
    "C14": kinds,
}


def verdicts(runs: pd.DataFrame, observations: pd.DataFrame) -> list[Verdict]:
    """Return a verdict for each of the sixteen claims, from the observations and the valid runs."""
    return [verdict(claim.id, runs, observations) for claim in CLAIMS]


def verdict(name: str, runs: pd.DataFrame, observations: pd.DataFrame) -> Verdict:
    """Return the verdict for one claim, such as "C11"."""
    claim = next(claim for claim in CLAIMS if claim.id == name)
    try:
        judgement = _judge(name, table.valid(runs), observations)
        return Verdict(claim, replace(judgement, evidence=(*judgement.evidence, *over_http2(name, observations))))
    except NotObserved as missing:
        return Verdict(claim, Judgement(Outcome.NOT_OBSERVED, str(missing)))
    except NotMeasured as missing:
        return Verdict(claim, Judgement(Outcome.NOT_MEASURED, str(missing)))


def _judge(name: str, runs: pd.DataFrame, observations: pd.DataFrame) -> Judgement:
    if name == "C16":
        return secure(runs, observations)
    return BY_RUNS[name](runs) if name in BY_RUNS else BY_OBSERVATIONS[name](observations)
