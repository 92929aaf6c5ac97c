"""C1 and C2: what a request carries, and what it adds up to."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import pandas as pd

from results import crossings, table
from results.claims.boundary import Boundary, boundary_rows, condition
from results.claims.claim import Evidence, Judgement
from results.claims.evidence import RIVALS, any_feed, conditions, feed, judge, mean
from results.select import (
    SHARED,
    NotMeasured,
    first_known,
    header_bytes_per_request,
    most_common,
    overhead_bytes,
    ratio_of_sums,
    wire_bytes,
    without_tls_or_deflate,
)
from results.transports import COMPARED, TRANSPORTS
from results.words import describe, listed, number, times

MANY_BYTES = 500
"""From here on a request carries many bytes: the low end in High Performance Browser Networking, ch. 17."""


def request_heads(runs: pd.DataFrame) -> Judgement:
    """Judge C1 by the bytes of headers and cookies in a poll, for each header profile and size of cookies."""
    polls, sizes = without_tls_or_deflate(feed(runs, "overhead", "polling")), {}
    if polls.empty:
        raise NotMeasured("overhead has no valid polling run without TLS and compression")
    for _, group in polls.groupby(["header_profile", "cookie_bytes"], sort=False):
        words = describe(table.records(group)[0], ["header_profile", "cookie_bytes"])
        sizes[words] = header_bytes_per_request(group)
    bare = polls[polls["cookies"] == polls["cookies"].min()]
    heads = {
        str(name): ratio_of_sums(group, "request_head", "requests") for name, group in bare.groupby("header_profile")
    }
    name, size = max(heads.items(), key=lambda head: head[1])
    rows = [(f"a request with {words}", f"{number(each)} B") for words, each in sizes.items()]
    return judge(
        [each >= MANY_BYTES for each in sizes.values()],
        holds=f"every request measured carries {number(min(sizes.values()))} B of headers and cookies or more",
        when=f"when headers and cookies reach {MANY_BYTES} B; {name} headers alone take {number(size)} B",
        fails=f"no request measured carries {MANY_BYTES} B of headers and cookies; the largest has "
        f"{number(max(sizes.values()))} B",
        evidence=(*rows, *_missing_cookies(heads)),
    )


def _missing_cookies(heads: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    """For each header profile: how many bytes of cookies it needs to reach the threshold."""
    for name, size in heads.items():
        if size < MANY_BYTES:
            yield f"cookies with which {name} headers reach {MANY_BYTES} B", f"{number(MANY_BYTES - size)} B"


def overhead(runs: pd.DataFrame) -> Judgement:
    """Judge C2: whether each rival's overhead per message exceeds the message and the WebSocket's overhead."""
    chosen, rows = without_tls_or_deflate(feed(runs, "overhead", *COMPARED)), []
    cases: dict[str, list[tuple[float, bool]]] = {name: [] for name in RIVALS}
    for same in conditions(chosen):
        each = {name: mean(same.runs, name, "overhead_per_delivery") for name in COMPARED}
        payload = ratio_of_sums(same.runs, "payload", "deliveries")
        if any(map(math.isnan, (*each.values(), payload))):
            continue
        for name in RIVALS:
            outweighs = each[name] > max(payload, each["websocket"])
            of_requests = header_bytes_per_request(same.runs[same.runs["transport"] == name])
            cases[name].append((round(of_requests, 1), outweighs))
        rows.append((f"overhead per message, {same.words}; the message has {number(payload)} B", in_bytes(each)))
    if not any(cases.values()):
        raise NotMeasured("no condition of overhead was run validly with all transports")
    limits = {TRANSPORTS[name].words: Boundary.of(own, "B") for name, own in cases.items() if own}
    crossed = crossings_of(any_feed(runs, ["update-rate"], COMPARED))
    compression = compressed(feed(runs, "overhead", *COMPARED))
    return judge(
        [held for own in cases.values() for _, held in own],
        holds="the overhead of polling and long polling exceeds the message with every request measured",
        when=f"{condition('for', limits)} of request headers",
        fails="the overhead of polling and long polling exceeds the message with no request measured",
        evidence=(*boundary_rows(limits), *rows, *_outweighed(chosen), *compression, *crossed),
    )


def in_bytes(each: Mapping[str, float]) -> str:
    """List bytes by transport: "polling 122 B, long polling 641 B and WebSocket 4 B"."""
    return listed([f"{TRANSPORTS[name].title} {number(value)} B" for name, value in each.items()])


def compressed(runs: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """All bytes for a message of the real feed, with and without compression, by transport."""
    real = runs[runs["payload_bytes"].isna() & ~runs["tls"]]
    for name in COMPARED:
        mine = real[real["transport"] == name].assign(wire=wire_bytes)
        before, after = (ratio_of_sums(mine[mine["deflate"] == flag], "wire", "deliveries") for flag in (False, True))
        if not math.isnan(before + after):
            what = f"all bytes for an earthquake by {TRANSPORTS[name].words}, plain and compressed"
            yield what, f"{number(before)} B and {number(after)} B"


def _outweighed(runs: pd.DataFrame) -> Evidence:
    """Up to which message size long polling's overhead exceeds the message, and up to which rate polling's does."""
    same = most_common(runs, [name for name in SHARED if name != "cookie_bytes"] + ["poll_interval_s"])
    same = same[same["cookie_bytes"] == same["cookie_bytes"].min()]
    polls, held = (same[same["transport"] == name] for name in RIVALS)
    polls = polls.assign(overhead=overhead_bytes(polls))
    a_poll, size = ratio_of_sums(polls, "overhead", "requests"), ratio_of_sums(same, "payload", "deliveries")
    if held.empty or math.isnan(a_poll):
        return ()
    interval, first = first_known(polls, "poll_interval_s"), table.records(polls)[0]
    headers = describe(first, ["header_profile", "cookie_bytes"])
    limit = number(mean(held, "long-polling", "overhead_per_delivery"))
    return (
        (f"long polling's overhead exceeds the message, with {headers}", f"below {limit} B a message"),
        (
            f"overhead of polling every {interval:g} s exceeds a message of {number(size)} B, with {headers}",
            f"below {times(a_poll / size / interval)} messages/s",
        ),
    )


def crossings_of(runs: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """The rates above which long polling, and a WebSocket, add more bytes than polling: measured, and by the model."""
    if runs["rate_hz"].nunique() < 2 or set(runs["transport"]) != set(COMPARED):
        return
    found = [
        ("long polling", crossings.measured(runs, "long-polling", "polling"), crossings.predicted_over_polling(runs)),
        ("WebSocket", crossings.measured(runs, "websocket", "polling"), crossings.predicted_under_websocket(runs)),
    ]
    interval = first_known(runs, "poll_interval_s")
    for name, rate, model in found:
        if rate:
            what = f"{name} adds more bytes than polling every {interval:g} s"
            yield what, f"above {number(rate)} messages/s; by the model, {number(model)}"
