"""The runs of `slow-start` by the state of their connections, in round trips."""

from __future__ import annotations

import numpy as np
import pandas as pd

from results.select import kept

NEW, IDLE, WARM = "new", "idle", "warm"
IDLE_S = 1.0
"""Seconds between a client's exchanges from which on its connection counts as idle: several timeouts."""


def by_state(runs: pd.DataFrame) -> pd.DataFrame:
    """The echoes of `slow-start`, perhaps none, with two columns more: `state` (NEW, IDLE or WARM) and `round_trips`.

    `round_trips` is the mean latency over the path's round trip.
    """
    mine = runs[(runs["experiment"] == "slow-start") & (runs["operation"] == "echo") & (runs["rtt_ms"] > 0)]
    apart_s = 1 / mine["rate_hz"].astype(float)
    state = np.where(~kept(mine), NEW, np.where(apart_s >= IDLE_S, IDLE, WARM))
    return mine.assign(state=state, round_trips=mine["latency_mean_ms"] / mine["rtt_ms"])
