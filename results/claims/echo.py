"""C15: whether an echo gives back what it gets, by POST and by WebSocket."""

from __future__ import annotations

import pandas as pd

from results.claims.evidence import Judged, judge
from results.select import NotMeasured, share
from results.transports import TRANSPORTS
from results.words import listed, number

BY = {True: "by POST", False: "by WebSocket"}


def echoes(runs: pd.DataFrame) -> Judged:
    """Whether as many bytes came back as went. Each exchange was compared; one that differs makes a run invalid."""
    chosen = runs[(runs["operation"] == "echo") & (runs["deliveries"] > 0)]
    if chosen.empty:
        raise NotMeasured("no valid run of an echo")
    there_and_back = 2 * chosen["payload_bytes"]
    under_way = there_and_back * chosen["clients"]  # of exchanges that a page's end cuts in two
    whole = (chosen["payload"] - there_and_back * chosen["deliveries"]).abs() <= under_way
    sizes = f"{chosen['payload_bytes'].min():,} B to {chosen['payload_bytes'].max():,} B"
    boundary = f"{int(chosen['deliveries'].sum()):,} exchanges of {sizes} were compared byte by byte"
    return judge([bool(whole.all())], "", boundary), tuple(_costs(chosen))


def _costs(runs: pd.DataFrame) -> list[str]:
    """What an exchange costs beside what it carries, and how long it takes, by way, round trip and size."""
    lines = []
    for (rtt_ms, size), same in runs.groupby(["rtt_ms", "payload_bytes"]):
        parts = []
        for name in same["transport"].unique():
            mine = same[same["transport"] == name]
            beside = mine.assign(beside=mine["wire_sent"] + mine["wire_received"] - mine["payload"])
            cost = share(beside, "beside", "deliveries")
            took = float(mine["latency_mean_ms"].mean())
            parts.append(f"{BY[TRANSPORTS[name].asks]} {number(took)} ms and {number(cost)} B beside it")
        lines.append(f"{size:,} B at {rtt_ms:g} ms round trip: {listed(parts)}.")
    return lines
