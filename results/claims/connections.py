"""C5 and C6: whether the request waits, and how many connections there are."""

from __future__ import annotations

import math

import pandas as pd

from results.claims.evidence import Judged, all_or_some, any_feed, feed, share
from results.select import groups
from results.transports import COMPARED
from results.words import number

RARELY_EMPTY = 0.05
"""Long polling waits for data if at most this share of its responses is empty."""


def held_requests(runs: pd.DataFrame) -> Judged:
    """Empty responses and requests per message of long polling, by experiment and hold; polling's beside them."""
    chosen, cases, numbers = feed(runs, "real-feed overhead latency scale", "long-polling"), [], []
    for (experiment, hold), group in groups(chosen, ["experiment", "hold_s"]):
        empty, asked = share(group, "empty_responses", "requests"), share(group, "requests", "deliveries")
        words = f"requests are held {hold:g} s in {experiment}" if not math.isnan(hold) else f"run as in {experiment}"
        cases.append((empty <= RARELY_EMPTY, words))
        numbers.append(
            f"{experiment}: {number(100 * empty)} % of the responses empty, {number(asked)} requests a message."
        )
    polls = runs[(runs["transport"] == "polling") & runs["experiment"].isin(chosen["experiment"].unique())]
    if polls["requests"].sum():
        numbers.append(
            f"Polling in the same experiments: {number(100 * share(polls, 'empty_responses', 'requests'))} %."
        )
    return all_or_some(cases), (f"Held means at most {number(100 * RARELY_EMPTY)} % of the responses empty.", *numbers)


def connections(runs: pd.DataFrame) -> Judged:
    """Connections per client and per 100 messages; a lasting one does not multiply with the messages.

    Who may speak is no run's figure, so that half of the claim stays open here.
    """
    chosen, numbers = feed(runs, "real-feed overhead latency scale", "websocket"), []
    lasting = share(chosen, "connections", "clients") <= 2  # one more may ask for /status first
    for transport in COMPARED:
        same = any_feed(runs, chosen["experiment"].unique(), [transport])
        for kept, group in same.groupby("keep_alive", dropna=False):
            client, hundred = share(group, "connections", "clients"), 100 * share(group, "connections", "deliveries")
            how = "" if pd.isna(kept) or kept else " without kept connections"
            numbers.append(
                f"{transport}{how}: {number(client)} connections a client, {number(hundred)} a 100 messages."
            )
    return "holds when only connections are counted" if lasting else "does not hold", tuple(numbers)
