"""Lesson 1, three ways to push."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean
from typing import Any

from lessons.check.mark import OPEN, WRONG, Check, between, graded, number_in
from lessons.live.recordings import NothingStarted
from lessons.live.servers import start_servers
from lessons.live.watch import Watched, watch
from lessons.shown.exchange import split

MESSAGES = 60
"""Of a run that an interval is judged by: their mean is then within a tenth of what it is in the long run."""


def empty_polls(answer: Any, watched: Mapping[str, Watched]) -> Check:
    """How many of your polls brought nothing."""
    exchanges = split(watched["polling"].diary.entries)
    full = sum(any(heading == "payload" for _, heading, _ in exchange) for exchange in exchanges)
    right = len(exchanges) - full
    praise = f"{right} of {len(exchanges)} polls brought nothing, and each of them cost its headers all the same."
    hints = {full: "These are the polls that brought something.", len(exchanges): "These are all polls."}
    otherwise = "Which heading has an exchange with a message?"
    return graded(answer, right, praise, hints if full != right else {}, otherwise)


def frame_headers(answer: Any) -> Check:
    """Bytes before 125 B and before 126 B from a server."""
    hints = {
        (6, 8): "A client masks what it sends, with four bytes more. A server does not.",
        (2, 2): "The second byte has seven bits for the length, and 126 and 127 mean something else.",
        (4, 4): "Up to 125 B the length fits into the second byte.",
    }
    praise = "One byte more of message costs two bytes more of header: 126 says that the length follows."
    return graded(answer, [2, 4], praise, hints, "Look at the first two bytes: what do they say before the length?")


def worst_long_poll(answer: Any, rtt_ms: float) -> Check:
    """The latest that a message comes by long polling, in ms."""
    transit = rtt_ms / 2
    hints = {
        transit: "So late is a message that finds the question waiting: the best case.",
        2 * transit: "A question and its answer. But when is the message published, in the worst case?",
        4 * transit: "One transit too many: the message is published just as the response before it leaves.",
        3.0: "Three transits, right. And how long is that?",
    }
    praise = "Three transits: the response before it, the next question, and its own response (RFC 6202, section 2.2)."
    otherwise = "Count transits from the moment at which the message is published."
    return graded(answer, 3 * transit, praise, hints, otherwise)


def fast_enough(interval: Any, within_ms: float) -> Check:
    """An interval, run: fast enough on average, and no shorter than necessary."""
    interval = number_in(interval)
    if isinstance(interval, Check):
        return interval
    if not 0.01 <= interval <= 5:
        return between(interval, 0.01, 5, "", "Nobody should be asked that often.", "That is far too seldom.")
    try:
        with start_servers(rate=20, count=MESSAGES, waiting=True) as servers:
            watched = watch(servers, messages=MESSAGES, interval=interval)["polling"]
    except NothingStarted as error:
        return Check(OPEN, str(error))
    mean_ms = 1000 * fmean(each.latency for each in watched.deliveries)
    polls = len(split(watched.diary.entries))
    measured = f"Measured: {mean_ms:.0f} ms on average, {polls} polls for {MESSAGES} messages."
    most = 2 * within_ms / 1000  # by the model, a message waits for half an interval
    if mean_ms >= within_ms:
        why = f"Half an interval is {500 * interval:.0f} ms" + (
            ", so this one is too long." if interval >= most else "; the rest is chance. Leave it some room."
        )
        return Check(WRONG, f"{measured} That is not less than {within_ms:g} ms. {why}")
    if interval >= most:
        why = f"Half an interval is {500 * interval:.0f} ms: by chance it was less here."
        return Check(WRONG, f"{measured} {why} Ask more often.")
    return between(
        interval, most / 3, most,
        f"{measured} Half an interval is the mean, and each poll costs the same, whatever it brings.",
        f"{measured} That is fast enough, but you ask more often than you must.", "",
    )  # fmt: skip
