"""Lesson 3, where latency comes from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from lessons.check.mark import OPEN, RIGHT, WRONG, Check, near, number_in
from results.packet_models import exchange_round_trips

RECORDED = (20.0, 50.0, 100.0, 200.0)
ENOUGH = 1.5
LONGEST_MS = 500.0


def longest_interval(answer: Any, within: float, rtt: float) -> Check:
    """2(L − τ)."""
    right = 2 * (within - rtt / 2)
    hints = {
        2 * within: "The transit takes its part of the time, too.",
        within - rtt / 2: "That is the mean wait.",
        2 * (within - rtt): "A message travels one way: half a round trip.",
        1000 * right: "In seconds.",
    }
    return near(answer, right, f"{right:.2f} s: half of it is waiting, and the transit comes on top.", hints,
                "Mean latency is half the interval and one transit: solve for the interval.", 0.03)  # fmt: skip


def seldom(mean_ms: Any, worst_ms: Any, rtt_ms: float) -> Check:
    """τ and three transits."""
    mean = near(mean_ms, rtt_ms / 2, "", {rtt_ms: "A message travels one way."},
                "With a message a minute, is the client away when it comes?", 0.03)  # fmt: skip
    if mean.mark != RIGHT:
        return mean
    praise = "So seldom, nearly every message finds the question waiting; but the worst stays three transits."
    hints = {rtt_ms: "Two transits. But when is the message published, in the worst case?"}
    return near(worst_ms, 1.5 * rtt_ms, praise, hints,
                "Published just after a response has left: count the transits.", 0.03)  # fmt: skip


def link_of(answer: Any, extra_bytes: float, rtt_ms: float) -> Check:
    """8B/RTT."""
    right = extra_bytes * 8 / rtt_ms / 1000
    hints = {right / 8: "A byte has eight bits.", 1e6 * right: "In Mbit/s.",
             2 * right: "As long as a whole round trip."}  # fmt: skip
    return near(answer, right, f"{right:.2f} Mbit/s. On anything faster the round trip is the larger part.", hints,
                "Bits divided by seconds.", 0.03)  # fmt: skip


def first_upload(answer: Any, sent: int, rtt_ms: float) -> Check:
    """A handshake, and as many windows as the bytes take from ten segments on."""
    right = rtt_ms * exchange_round_trips(sent, 1, new=True)
    hints = {right - rtt_ms: "Connecting takes a round trip, too.",
             2 * rtt_ms: f"{sent:,} B are more than ten segments: how many windows are they?",
             right + rtt_ms: "The last window and the response share a round trip."}  # fmt: skip
    return near(answer, right, f"{right:g} ms: the handshake, the first ten segments, then the rest.", hints,
                "A handshake, then windows of 10, 20, 40 segments.", 0.03)  # fmt: skip


def half_as_late_again(answer: Any, measure: Callable[..., pd.DataFrame]) -> Check:
    """Run here and now, or looked up where nothing can be started: long polling's mean to the WebSocket's."""
    rtt_ms = number_in(answer)
    if isinstance(rtt_ms, Check):
        return rtt_ms
    if not 0 < rtt_ms <= LONGEST_MS:
        return Check(WRONG, f"A round trip in milliseconds, above 0 and up to {LONGEST_MS:g}.")
    try:
        runs = measure("latency", now=True, clients=11, rate_hz=10.0, poll_interval_s=0.3, rtt_ms=rtt_ms,
                       keep_alive=True, header_profile="minimal", duration_s=3.3)  # fmt: skip
    except ValueError:
        recorded = ", ".join(f"{each:g}" for each in RECORDED)
        return Check(OPEN, f"Nothing can be measured on this machine; recorded are {recorded} ms: take one of these.")
    means = runs.groupby("transport")["latency_mean_ms"].mean()
    if not {"long-polling", "websocket"} <= set(means.index):
        return Check(OPEN, "There is no run to look at.")
    ratio = float(means["long-polling"] / means["websocket"])
    words = f"Long polling {means['long-polling']:.0f} ms, WebSocket {means['websocket']:.0f} ms: {ratio:.2f} times."
    busy = f"{rtt_ms / 100:g} messages come in a round trip."
    return Check(RIGHT, f"{words} {busy}") if ratio >= ENOUGH else Check(WRONG, f"{words} {busy} Make it more.")
