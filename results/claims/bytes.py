"""C1 and C2: what a request carries, and what it adds up to."""

from __future__ import annotations

import math

import pandas as pd

from results import table
from results.claims.evidence import Judged, all_or_some, conditions, feed, mean, ratio, share
from results.select import NotMeasured, groups
from results.transports import COMPARED
from results.words import describe, number

MANY_BYTES = 500
"""From here on a request's headers are many bytes: the low end in High Performance Browser Networking, ch. 17."""


def request_heads(runs: pd.DataFrame) -> Judged:
    """Bytes of headers and cookies per HTTP request, by header profile and cookie size."""
    polls, cases, numbers = feed(runs, "overhead", "polling"), [], []
    for _, group in groups(polls, ["header_profile", "cookie_bytes"]):
        words = describe(table.records(group)[0], ["header_profile", "cookie_bytes"])
        head, cookies = share(group, "request_head", "requests"), share(group, "cookies", "requests")
        cases.append((head + cookies >= MANY_BYTES, f"the client sends {words} ({number(head + cookies)} B a request)"))
        numbers.append(f"{words}: {number(head)} B of headers and {number(cookies)} B of cookies a request.")
    return all_or_some(cases), (f"Many means {MANY_BYTES} B or more.", *numbers)


def overhead(runs: pd.DataFrame) -> Judged:
    """Whether polling's overhead for a message outweighs the message and the WebSocket's, condition by condition."""
    chosen, cases, numbers = feed(runs, "overhead", *COMPARED), [], []
    for condition in conditions(chosen):
        group, words = condition.runs, condition.words
        by = {name: mean(group, name, "overhead_per_delivery") for name in COMPARED}
        payload = share(group, "payload", "deliveries")
        polling, websocket = by["polling"], by["websocket"]
        if any(map(math.isnan, (*by.values(), payload))):
            continue
        cases.append((polling > payload and polling > websocket, words))
        numbers.append(
            f"{words}: {number(polling)} B of overhead by polling, {number(by['long-polling'])} B by long polling, "
            f"{number(websocket)} B by WebSocket around a message of {number(payload)} B; "
            f"polling to WebSocket {ratio(polling, websocket)}."
        )
    if not cases:
        raise NotMeasured("no condition of overhead was run validly with all transports")
    numbers += crossing(chosen)
    return all_or_some(cases), ("It is a mass where the overhead outweighs the message itself.", *numbers)


def crossing(runs: pd.DataFrame) -> list[str]:
    """Where the rate varies: the rates at which long polling's overhead is above polling's, and where it is not."""
    if runs["rate_hz"].nunique() < 2:
        return []
    means = runs.groupby(["rate_hz", "transport"])["overhead_per_delivery"].mean().unstack()
    more = means["long-polling"] > means["polling"]
    above, below = (", ".join(f"{rate:g}" for rate in means.index[which]) or "no rate" for which in (more, ~more))
    return [f"Long polling costs more than polling at {above} messages/s, less at {below}."]
