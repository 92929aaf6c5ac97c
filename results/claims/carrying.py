"""C3: whether header bytes make messages later."""

from __future__ import annotations

import pandas as pd

from results.claims.boundary import LESS, Boundary, condition
from results.claims.evidence import Judged, feed, judge
from results.claims.latency import SIGNIFICANT
from results.select import NotMeasured, first_known, share, shortest_and_longest
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
    if not ratios:
        raise NotMeasured("no link rate of `link-rate` was run validly with both lengths of headers")
    cases = [ratio >= SIGNIFICANT for ratio in ratios.values()]
    verdict = judge(cases, when(long, ratios), boundary(short, long, ratios))
    return verdict, (f"Later: {SIGNIFICANT:g} times as late, or more.", *numbers)


def _pair(few: pd.DataFrame, many: pd.DataFrame, column: str) -> str:
    return f"{number(float(few[column].mean()))} → {number(float(many[column].mean()))}"


def when(runs: pd.DataFrame, ratios: dict[tuple[str, float], float]) -> str:
    """On which links each transport was later, as measured; and for long polling the limit that the model gives."""
    found = {}
    for name in COMPARED:
        cases = [(rate, ratio >= SIGNIFICANT) for (transport, rate), ratio in ratios.items() if transport == name]
        if any(held for _, held in cases):
            found[TRANSPORTS[name].words] = Boundary.of(cases, "Mbit/s", LESS)
    limit = enough(runs)
    model = "" if limit is None else f" (by the model, long polling is later below {number(limit)} Mbit/s)"
    return condition("the link is slow", found) + model


def enough(runs: pd.DataFrame) -> float | None:
    """The link rate in Mbit/s at which a long-polling client is parked again just as the next even message comes.

    None where these runs have no long polling, or messages follow each other within a round trip on any link.
    """
    held = runs[(runs["transport"] == "long-polling") & runs["link_mbps"].notna()]
    fastest = held[held["link_mbps"] == held["link_mbps"].max()]
    if fastest.empty:
        return None
    spare_ms = 1000 / first_known(held, "rate_hz") - first_known(held, "rtt_ms")
    exchange_ms = question_ms(fastest) + answer_ms(fastest)
    return None if spare_ms <= 0 else first_known(fastest, "link_mbps") * exchange_ms / spare_ms


def boundary(short: pd.DataFrame, long: pd.DataFrame, ratios: dict[tuple[str, float], float]) -> str:
    """How many times as late each transport became at the slowest and at the fastest link, and what the bytes take."""
    few, many = (share(side, "request_head", "requests") + share(side, "cookies", "requests") for side in (short, long))
    rtt_ms, rates = float(long["rtt_ms"].iloc[0]), sorted({rate for _, rate in ratios})
    found = [
        f"{TRANSPORTS[name].words} {listed([f'{times(ratios[name, rate])} at {rate:g} Mbit/s' for rate in rates])}"
        for name in COMPARED if all((name, rate) in ratios for rate in rates)
    ]  # fmt: skip
    if not found:
        found = [f"{TRANSPORTS[name].words} {times(each)} at {rate:g} Mbit/s" for (name, rate), each in ratios.items()]
    if not rtt_ms:
        return f"{number(many - few)} B more on each request made messages so many times as late: {'; '.join(found)}"
    return (
        f"{number(many - few)} B more on each request, which take as long as the round trip of {rtt_ms:g} ms at "
        f"{number((many - few) * 8 / (rtt_ms * 1000))} Mbit/s, made messages so many times as late: {'; '.join(found)}"
    )
