"""C3: whether header bytes make messages later."""

from __future__ import annotations

import pandas as pd

from results.claims.evidence import Judged, feed, judge
from results.claims.latency import SIGNIFICANT
from results.select import share, shortest_and_longest
from results.split import answer_ms, question_ms
from results.transports import COMPARED, TRANSPORTS
from results.words import listed, number, times


def carrying(runs: pd.DataFrame) -> Judged:
    """The mean latency with the longest headers beside that with the shortest, by transport and link rate.

    A poll's own bytes are under way while nobody waits for them; a long poll's, too, unless a message comes before they
    are through. So it is the link's rate that decides, and how close messages follow each other.
    """
    short, long = shortest_and_longest(feed(runs, "link-rate", *COMPARED))
    ratios: dict[tuple[str, float], float] = {}
    numbers = []
    for link_mbps in sorted(set(short["link_mbps"]) & set(long["link_mbps"])):
        parts = []
        for name in COMPARED:
            few, many = (side[(side["transport"] == name) & (side["link_mbps"] == link_mbps)] for side in (short, long))
            if len(few) and len(many):
                ratios[name, link_mbps] = float(many["latency_mean_ms"].mean() / few["latency_mean_ms"].mean())
                parts.append(f"{TRANSPORTS[name].words} {_pair(few, many, 'latency_mean_ms')} ms "
                             f"(model {_pair(few, many, 'expected_mean_ms')})")  # fmt: skip
        numbers.append(f"At {link_mbps:g} Mbit/s, from short headers to long: {listed(parts)}.")
    verdict = judge([ratio >= SIGNIFICANT for ratio in ratios.values()], when(long), boundary(short, long, ratios))
    return verdict, (f"Later: {SIGNIFICANT:g} times as late, or more.", *numbers)


def _pair(few: pd.DataFrame, many: pd.DataFrame, column: str) -> str:
    return f"{number(float(few[column].mean()))} → {number(float(many[column].mean()))}"


def when(runs: pd.DataFrame) -> str:
    """Below which link rate a message finds a long-polling client away, by the model."""
    return f"messages come before long polling's question is through the link: below {number(enough(runs))} Mbit/s here"


def enough(runs: pd.DataFrame) -> float:
    """The link rate in Mbit/s at which a long-polling client is parked again just as the next even message comes."""
    held = runs[runs["transport"] == "long-polling"]
    fastest = held[held["link_mbps"] == held["link_mbps"].max()]
    spare_ms = 1000 / float(held["rate_hz"].iloc[0]) - float(held["rtt_ms"].iloc[0])
    exchange_ms = question_ms(fastest) + answer_ms(fastest)
    return float(held["link_mbps"].max()) * exchange_ms / spare_ms


def boundary(short: pd.DataFrame, long: pd.DataFrame, ratios: dict[tuple[str, float], float]) -> str:
    """How many times as late each transport became at the slowest and at the fastest link, and what the bytes take."""
    few, many = (share(side, "request_head", "requests") + share(side, "cookies", "requests") for side in (short, long))
    rtt_ms, rates = float(long["rtt_ms"].iloc[0]), sorted({rate for _, rate in ratios})
    found = [
        f"{TRANSPORTS[name].words} {listed([f'{times(ratios[name, rate])} at {rate:g} Mbit/s' for rate in rates])}"
        for name in COMPARED if all((name, rate) in ratios for rate in rates)
    ]  # fmt: skip
    round_trip = (many - few) * 8 / (rtt_ms * 1000)
    return (
        f"{number(many - few)} B more on each request, which take as long as the round trip of {rtt_ms:g} ms at "
        f"{number(round_trip)} Mbit/s, made messages so many times as late: {'; '.join(found)}"
    )
