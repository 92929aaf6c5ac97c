"""Lesson 3: five ways to a false number, each in a few lines of arithmetic and chance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

SEED = 1


def in_step(interval: float, period: float, clients: int = 6) -> pd.DataFrame:
    """Messages like a clock, polls in step with them: each client's mean latency in ms hangs on its phase alone."""
    published = np.arange(0, 60, period)
    phases = np.arange(clients) / clients * min(interval, period)
    means = [1000 * float(np.mean(np.ceil((published - phase) / interval) * interval + phase - published))
             for phase in phases]  # fmt: skip
    return pd.DataFrame({"phase, s": phases.round(3), "mean latency, ms": np.round(means, 1)})


def spread_over(handshake: float, frame: float, messages: Sequence[int]) -> pd.DataFrame:
    """Overhead per message, if one-time costs are divided by the messages of a run."""
    each = [(handshake + frame * count) / count for count in messages]
    return pd.DataFrame({"messages in the run": messages, "bytes “per message”": np.round(each, 1)})


def percentile_of(size: int, percent: float, times: int = 2_000) -> pd.DataFrame:
    """What a percentile of so few latencies comes to, run after run, where its true value is known: 100.

    Latencies are exponential; their percentile is scaled to 100.
    """
    chance = np.random.default_rng(SEED)
    truth = -np.log(1 - percent / 100)
    found = np.percentile(chance.exponential(1.0, (times, size)), percent, axis=1) / truth * 100
    words = ["smallest of 2,000 runs", "one run in ten is below", "median run", "one run in ten is above", "largest"]
    values = [found.min(), *np.percentile(found, [10, 50, 90]), found.max()]
    return pd.DataFrame({f"p{percent:g} of {size}": np.round(values)}, words)


def stalled(seconds: float = 10.0, every: float = 0.01, stall_at: float = 5.0, stall: float = 1.0) -> pd.DataFrame:
    """A server that answers in 1 ms, and once not for a second: who waits for answers before asking hardly sees it.

    Coordinated omission (Gil Tene): the same server, asked by plan, and asked only when the last answer is there.
    """
    service = 0.001
    planned = np.arange(0, seconds, every)
    by_plan = answered(planned, service, stall_at, stall) - planned
    closed, now = [], 0.0
    while now < seconds:
        done = float(answered(np.array([now]), service, stall_at, stall)[0])
        closed.append(done - now)
        now = max(now + every, done)
    rows = {"asked by plan": by_plan, "asked after the answer": np.array(closed)}
    return pd.DataFrame({
        "requests": {name: len(times) for name, times in rows.items()},
        "mean, ms": {name: round(1000 * float(times.mean()), 1) for name, times in rows.items()},
        "p99, ms": {name: round(1000 * float(np.percentile(times, 99)), 1) for name, times in rows.items()},
    })  # fmt: skip


def answered(asked: np.ndarray, service: float, stall_at: float, stall: float) -> np.ndarray:
    """When a server that works on one request at a time has answered each of those `asked`, in their order."""
    free, done = 0.0, []
    for moment in asked:
        start = max(moment, free)
        if stall_at <= start < stall_at + stall:
            start = stall_at + stall
        free = start + service
        done.append(free)
    return np.array(done)


def answers_are_not_deliveries(runs: pd.DataFrame) -> pd.DataFrame:
    """Long polling: how long a request was held, and how late its message was; a load tool reports the first."""
    mine = runs[runs["transport"] == "long-polling"]
    held = (mine["held_mean_s"] * mine["requests"]).sum() / mine["requests"].sum()
    late = (mine["latency_mean_ms"] * mine["deliveries"]).sum() / mine["deliveries"].sum()
    return pd.DataFrame({"ms": [round(1000 * float(held), 1), round(float(late), 2)]},
                        ["from question to answer", "from publication to arrival"])  # fmt: skip


