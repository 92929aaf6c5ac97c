"""C3: whether header bytes delay messages."""

from __future__ import annotations

import pandas as pd

from results.claims.boundary import LESS, Boundary, boundary_rows, condition
from results.claims.claim import Evidence, Judgement
from results.claims.evidence import feed, judge
from results.claims.latency import REAL_PATH, SIGNIFICANT
from results.latency_breakdown import request_ms, response_ms
from results.select import NotMeasured, first_known, header_bytes_per_request, shortest_and_longest
from results.slow_start import NEW, by_state
from results.transports import COMPARED, TRANSPORTS
from results.words import number, times

Ratios = dict[tuple[str, float], float]
"""By transport and link rate (Mbit/s): how many times as late messages are with the longest headers."""


def header_latency(runs: pd.DataFrame) -> Judgement:
    """Judge C3 by the mean latency with the longest headers against that with the shortest, by transport and link rate.

    A poll's own bytes travel while no message waits for them. So do a long poll's, unless a message arrives before they
    are through. So the link's rate decides, and how closely messages follow each other.
    """
    short, long = shortest_and_longest(feed(runs, "link-rate", *COMPARED))
    ratios: Ratios = {}
    rows = []
    for link_mbps in sorted(set(short["link_mbps"]) & set(long["link_mbps"])):
        for name in COMPARED:
            few, many = (side[(side["transport"] == name) & (side["link_mbps"] == link_mbps)] for side in (short, long))
            if len(few) and len(many):
                ratios[name, link_mbps] = float(many["latency_mean_ms"].mean() / few["latency_mean_ms"].mean())
                rows.append((f"{TRANSPORTS[name].words} at {link_mbps:g} Mbit/s, from short headers to long",
                             f"{_pair(few, many, 'latency_mean_ms')} ms; model {_pair(few, many, 'expected_mean_ms')} "
                             f"ms; {times(ratios[name, link_mbps])} times"))  # fmt: skip
    if not ratios:
        raise NotMeasured("no link rate of `link-rate` was run validly with both lengths of headers")
    extra, limits = header_bytes_per_request(long) - header_bytes_per_request(short), _boundaries(ratios)
    most = times(max(ratios.values()))
    return judge(
        [ratio >= SIGNIFICANT for ratio in ratios.values()],
        holds=f"{number(extra)} B more of headers make every transport {SIGNIFICANT:g} times as late or more",
        when=f"{condition('for', limits)}: {number(extra)} B more of headers make it up to {most} times as late",
        fails=f"{number(extra)} B more of headers make no transport {SIGNIFICANT:g} times as late on any link measured",
        evidence=(*boundary_rows(limits), *_over_packets(runs), *rows, *_limits(long, extra)),
    )


def _pair(few: pd.DataFrame, many: pd.DataFrame, column: str) -> str:
    return f"{number(float(few[column].mean()))} → {number(float(many[column].mean()))}"


def _boundaries(ratios: Ratios) -> dict[str, Boundary]:
    """Below which link rate each transport is later, as measured."""
    cases: dict[str, list[tuple[float, bool]]] = {}
    for (transport, rate), ratio in ratios.items():
        cases.setdefault(TRANSPORTS[transport].words, []).append((rate, ratio >= SIGNIFICANT))
    return {name: Boundary.of(own, "Mbit/s", LESS) for name, own in cases.items()}


def _over_packets(runs: pd.DataFrame) -> Evidence:
    """From how many header bytes on a request costs a round trip more, on a new connection over real packets."""
    heads = by_state(runs)
    heads = heads[(heads["state"] == NEW) & (heads["cookie_bytes"] > 0)]
    if heads["cookie_bytes"].nunique() < 2:
        return ()
    sizes = (heads["request_head"] + heads["cookies"]) / heads["requests"]
    later = heads["round_trips"] >= heads["round_trips"].min() + 0.5
    found = Boundary.of(zip(sizes.astype(float), later, strict=True), "B of headers")
    return ((f"boundary {REAL_PATH}, a round trip more for a request on a new connection", str(found)),)


def _limits(runs: pd.DataFrame, extra: float) -> Evidence:
    """The link rates at which the model expects a change."""
    rtt_ms, limit = float(runs["rtt_ms"].iloc[0]), saturation_rate(runs)
    rows = []
    if limit is not None:
        rows.append(("by the model, long polling is later", f"below {number(limit)} Mbit/s"))
    if rtt_ms:
        rows.append((f"{number(extra)} B take as long as the round trip of {rtt_ms:g} ms",
                     f"at {number(extra * 8 / (rtt_ms * 1000))} Mbit/s"))  # fmt: skip
    return tuple(rows)


def saturation_rate(runs: pd.DataFrame) -> float | None:
    """Return the link rate in Mbit/s at which a client's next long poll arrives just as the next even message does.

    None where these runs have no long polling, or messages follow each other within a round trip on any link.
    """
    held = runs[(runs["transport"] == "long-polling") & runs["link_mbps"].notna()]
    fastest = held[held["link_mbps"] == held["link_mbps"].max()]
    if fastest.empty:
        return None
    spare_ms = 1000 / first_known(held, "rate_hz") - first_known(held, "rtt_ms")
    exchange_ms = request_ms(fastest) + response_ms(fastest)
    return None if spare_ms <= 0 else first_known(fastest, "link_mbps") * exchange_ms / spare_ms
