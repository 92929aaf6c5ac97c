"""C1 and C2: what a request carries, and what it adds up to."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pandas as pd

from results import crossings, table
from results.claims.boundary import Boundary, condition
from results.claims.evidence import Judged, any_feed, conditions, feed, judge, mean, ratio
from results.select import SHARED, NotMeasured, clear, first_known, share, usual
from results.transports import COMPARED, TRANSPORTS
from results.words import describe, listed, number, times

MANY_BYTES = 500
"""From here on a request's headers are many bytes: the low end in High Performance Browser Networking, ch. 17."""


def request_heads(runs: pd.DataFrame) -> Judged:
    """Bytes of headers and cookies per HTTP request, and the margin by which each header profile makes them many."""
    polls, sizes = clear(feed(runs, "overhead", "polling")), {}
    if polls.empty:
        raise NotMeasured("overhead has no valid polling run without TLS and compression")
    for _, group in polls.groupby(["header_profile", "cookie_bytes"], sort=False):
        words = describe(table.records(group)[0], ["header_profile", "cookie_bytes"])
        sizes[words] = share(group, "request_head", "requests") + share(group, "cookies", "requests")
    bare = polls[polls["cookies"] == polls["cookies"].min()]
    heads = {str(name): share(group, "request_head", "requests") for name, group in bare.groupby("header_profile")}
    verdict = judge(
        [size >= MANY_BYTES for size in sizes.values()], f"headers and cookies reach {MANY_BYTES} B", margins(heads)
    )
    return verdict, tuple(f"A request with {words}: {number(size)} B." for words, size in sizes.items())


def margins(heads: dict[str, float]) -> str:
    """By how much each profile's headers are many without a cookie, or what of cookies they lack."""
    many = [
        f"{name} headers alone are {number(size)} B, {number(size - MANY_BYTES)} B more"
        for name, size in heads.items() if size >= MANY_BYTES
    ]  # fmt: skip
    few = [
        f"{name} headers ({number(size)} B) need {number(MANY_BYTES - size)} B of cookies"
        for name, size in heads.items() if size < MANY_BYTES
    ]  # fmt: skip
    return listed([*many, *few])


def overhead(runs: pd.DataFrame) -> Judged:
    """Whether each rival's overhead for a message outweighs the message and the WebSocket's, in steady state."""
    chosen, numbers = clear(feed(runs, "overhead", *COMPARED)), []
    cases: dict[str, list[tuple[float, bool]]] = {name: [] for name in COMPARED if name != "websocket"}
    for same in conditions(chosen):
        by = {name: mean(same.runs, name, "overhead_per_delivery") for name in COMPARED}
        payload = share(same.runs, "payload", "deliveries")
        if any(map(math.isnan, (*by.values(), payload))):
            continue
        pushed = by.pop("websocket")
        for name, each in by.items():
            cases[name].append((_request_bytes(same.runs, name), each > max(payload, pushed)))
        rivals = listed([f"{name} {number(each)} B ({ratio(each, pushed)})" for name, each in by.items()])
        numbers.append(
            f"{same.words}: around a message of {number(payload)} B {rivals}, a WebSocket {number(pushed)} B."
        )
    if not any(cases.values()):
        raise NotMeasured("no condition of overhead was run validly with all transports")
    crossed = crossings_of(any_feed(runs, ["update-rate"], COMPARED))
    verdict = judge([held for own in cases.values() for _, held in own], large_requests(cases), outweighed(chosen))
    wrapped = compressed(feed(runs, "overhead", *COMPARED))
    return verdict, ("It is a mass where it outweighs the message itself.", *numbers, *wrapped, *crossed)


def _request_bytes(runs: pd.DataFrame, transport: str) -> float:
    """Bytes of headers and cookies of each request."""
    mine = runs[runs["transport"] == transport]
    return round(share(mine, "request_head", "requests") + share(mine, "cookies", "requests"), 1)


def large_requests(cases: Mapping[str, list[tuple[float, bool]]]) -> str:
    """From which size of a request each rival's overhead outweighs the message."""
    found = {TRANSPORTS[name].words: Boundary.of(own, "B of request headers") for name, own in cases.items()}
    return condition("requests are large", found)


def compressed(runs: pd.DataFrame) -> list[str]:
    """What compression leaves of a message of the real feed, with all that is around it, by transport."""
    real = runs[runs["payload_bytes"].isna() & ~runs["tls"]]
    parts = []
    for name in COMPARED:
        mine = real[real["transport"] == name].assign(wire=lambda own: own["wire_sent"] + own["wire_received"])
        before, after = (share(mine[mine["deflate"] == flag], "wire", "deliveries") for flag in (False, True))
        if not math.isnan(before + after):
            parts.append(f"{number(before)} → {number(after)} B by {TRANSPORTS[name].words}")
    return [f"Compressed, a message of the real feed with all around it: {listed(parts)}."] if parts else []


def outweighed(runs: pd.DataFrame) -> str:
    """Up to which size of a message long polling's overhead outweighs it, and up to which rate polling's does."""
    same = usual(runs, [name for name in SHARED if name != "cookie_bytes"] + ["poll_interval_s"])
    same = same[same["cookie_bytes"] == same["cookie_bytes"].min()]
    polls, held, pushed = (same[same["transport"] == name] for name in ("polling", "long-polling", "websocket"))
    polls = polls.assign(overhead=polls["wire_sent"] + polls["wire_received"] - polls["payload"])
    a_poll, size = share(polls, "overhead", "requests"), share(same, "payload", "deliveries")
    if held.empty or pushed.empty or math.isnan(a_poll):
        return "the transports have no condition in common, so their sizes are not compared"
    interval, first = first_known(polls, "poll_interval_s"), table.records(polls)[0]
    return (
        f"with {describe(first, ['header_profile', 'cookie_bytes'])}, long polling's outweighs a message of less than "
        f"{number(mean(held, 'long-polling', 'overhead_per_delivery'))} B; polling's, {number(a_poll)} B every "
        f"{interval:g} s, those of {number(size)} B that come less than {times(a_poll / size / interval)} times a "
        f"second; a WebSocket adds {number(mean(pushed, 'websocket', 'overhead_per_delivery'))} B"
    )


def crossings_of(runs: pd.DataFrame) -> list[str]:
    """The rates from which long polling, and a WebSocket, cost more than polling, beside those of the model."""
    if runs["rate_hz"].nunique() < 2 or set(runs["transport"]) != set(COMPARED):
        return []
    found = [
        ("long polling", crossings.measured(runs, "long-polling", "polling"), crossings.predicted_over_polling(runs)),
        ("a WebSocket", crossings.measured(runs, "websocket", "polling"), crossings.predicted_under_websocket(runs)),
    ]
    interval = first_known(runs, "poll_interval_s")
    return [
        f"Measured, {name} costs more than polling every {interval:g} s from {number(rate)} messages/s on; "
        f"by the model, from {number(model)}." for name, rate, model in found if rate
    ]  # fmt: skip
