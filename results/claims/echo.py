"""C15: whether an echo returns what it was sent, by POST and by WebSocket."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from results.claims.claim import Judgement
from results.claims.evidence import judge
from results.select import NotMeasured, overhead_bytes, ratio_of_sums
from results.transports import TRANSPORTS
from results.words import number

BY = {True: "by POST", False: "by WebSocket"}


def echoes(runs: pd.DataFrame) -> Judgement:
    """Judge C15: whether as many bytes returned as were sent. A run is invalid if one echo differs."""
    chosen = runs[(runs["experiment"] == "upstream") & (runs["operation"] == "echo") & (runs["deliveries"] > 0)]
    if chosen.empty:
        raise NotMeasured("no valid run of an echo")
    there_and_back = 2 * chosen["payload_bytes"]
    under_way = there_and_back * chosen["clients"]  # exchanges that the end of a window cuts in two
    whole = (chosen["payload"] - there_and_back * chosen["deliveries"]).abs() <= under_way
    sizes = f"{chosen['payload_bytes'].min():,} B to {chosen['payload_bytes'].max():,} B"
    echoed = f"{int(chosen['deliveries'].sum()):,} messages of {sizes}"
    return judge(
        [bool(whole.all())],
        holds=f"{echoed} returned byte for byte",
        when="",
        fails=f"of {echoed}, not all bytes returned",
        evidence=tuple(_costs(chosen)),
    )


def _costs(runs: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """The latency of an echo and its overhead, by way, round trip and size."""
    for (rtt_ms, size), same in runs.groupby(["rtt_ms", "payload_bytes"]):
        for name in same["transport"].unique():
            mine = same[same["transport"] == name]
            overhead = mine.assign(overhead=overhead_bytes(mine))
            yield (f"an echo of {size:,} B {BY[TRANSPORTS[name].asks]}, {rtt_ms:g} ms round trip",
                   f"{number(float(mine['latency_mean_ms'].mean()))} ms, "
                   f"{number(ratio_of_sums(overhead, 'overhead', 'deliveries'))} B of overhead")  # fmt: skip
