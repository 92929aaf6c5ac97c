"""The sixteen claims under test, and each one's verdict: computed from the runs, never typed in.

A verdict is `holds`, `holds when …`, `does not hold` or `not measured here`, and carries the numbers it rests on.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd

from results import summary, table
from results.summary import number
from results.transports import COMPARED

RIVALS = ("polling", "long-polling")
"""Against whom the WebSocket is judged."""
MANY_BYTES = 500
"""A request head is long from here on: the lower end of what High Performance Browser Networking, ch. 17, reports."""
RARELY_EMPTY = 0.05
"""Long polling waits for data if at most this share of its answers is empty."""
SIGNIFICANT = 1.25
"""A mean latency is significantly less if the intervals do not overlap and the other is at least this many times it."""


@dataclass(frozen=True)
class Claim:
    """One sentence of the argument in the lab's own words, and the authority that its verdict can be held against."""

    id: str
    words: str
    authority: str


@dataclass(frozen=True)
class Verdict:
    """What the runs say about a claim, and the numbers that say it, a sentence each."""

    claim: Claim
    verdict: str
    numbers: tuple[str, ...] = ()


CLAIMS = (
    Claim("C1", "Every HTTP request is laden with headers and cookies.", "High Performance Browser Networking, ch. 17"),
    Claim("C2", "Over many messages those headers become a mass of data.", "Lubbers & Greco 2010, audited"),
    Claim("C3", "Carrying those bytes makes every message later.", "RFC 6202 §2.2"),
    Claim("C4", "The server could answer without most of those headers.", "RFC 9112 §3.2"),
    Claim("C5", "A long-polling server holds the request until it has something to say.", "RFC 6202 §2.2"),
    Claim(
        "C6", "A WebSocket is one lasting connection on which either side speaks at will.", "RFC 9112 §9.3, RFC 6455"
    ),
    Claim("C7", "A WebSocket begins as an HTTP request with Upgrade, answered by 101.", "RFC 6455 §4.1–4.2.2"),
    Claim("C8", "After the handshake the same TCP connection carries on.", "RFC 6455 §1.7"),
    Claim("C9", "A frame costs 4 to 12 bytes before its data.", "RFC 6455 §5.2"),
    Claim("C10", "The receiver learns of a message only once its last frame is there.", "RFC 6455 §5.4 and §6.2"),
    Claim("C11", "WebSockets bring messages to the client significantly sooner.", "RFC 6202 §2.2, the latency model"),
    Claim("C12", "There are four events; whatever raises error also ends the connection.", "WHATWG WebSockets"),
    Claim("C13", "There are two actions, send and close, and send works only while open.", "WHATWG WebSockets"),
    Claim("C14", "A message is text, binary data or an image.", "RFC 6455 §5.6"),
    Claim("C15", "An echo server returns exactly what it was sent.", "RFC 6455 §5.6"),
    Claim("C16", "wss is to ws what HTTPS is to HTTP.", "RFC 6455 §3, RFC 8446 §5.2"),
)

NOT_MEASURED = "not measured here"


class _Missing(Exception):
    """The runs lack what a verdict rests on."""


def verdicts(folder: str | os.PathLike[str]) -> list[Verdict]:
    """A verdict for each of the sixteen claims, from the valid runs in `folder`. Raises TableError without runs."""
    return of_runs(table.read_runs(folder))


def of_runs(runs: pd.DataFrame) -> list[Verdict]:
    """A verdict for each of the sixteen claims, from those of the runs that are valid."""
    good = table.valid(runs)
    return [_verdict(claim, good) for claim in CLAIMS]


def _verdict(claim: Claim, runs: pd.DataFrame) -> Verdict:
    if claim.id not in JUDGES:
        return Verdict(claim, NOT_MEASURED)
    try:
        return Verdict(claim, *JUDGES[claim.id](runs))
    except _Missing as missing:
        return Verdict(claim, NOT_MEASURED, (str(missing),))


Judged = tuple[str, tuple[str, ...]]


def _all_or_some(cases: list[tuple[bool, str]]) -> str:
    """`holds` if every case bears the claim out, `holds when …` naming those that do, or `does not hold`."""
    good = list(dict.fromkeys(words for holds, words in cases if holds))
    if len(good) == len(dict.fromkeys(words for _, words in cases)):
        return "holds"
    return f"holds when {'; or '.join(good)}" if good else "does not hold"


def _feed(runs: pd.DataFrame, experiments: str, *transports: str) -> pd.DataFrame:
    """The faultless feed runs of these experiments and transports; _Missing unless each transport has some."""
    chosen = _any_feed(runs, experiments.split(), transports)
    for transport in transports:
        if not (chosen["transport"] == transport).any():
            raise _Missing(f"no valid {transport} run of {' or '.join(experiments.split())}")
    return chosen


def _any_feed(runs: pd.DataFrame, experiments: Iterable[str], transports: Iterable[str]) -> pd.DataFrame:
    """The faultless feed runs of these experiments and transports, perhaps none."""
    chosen = runs[runs["experiment"].isin(list(experiments)) & runs["transport"].isin(list(transports))]
    return chosen[(chosen["operation"] == "feed") & (chosen["fault"] == "") & (chosen["deliveries"] > 0)]


def _share(runs: pd.DataFrame, of: str, per: str) -> float:
    """The sum of one column over the sum of another: a mean that weighs every request or delivery alike."""
    below = float(runs[per].sum())
    return float(runs[of].sum()) / below if below else math.nan


# --- C1: what a request carries --------------------------------------------------------------------------------------


def _request_heads(runs: pd.DataFrame) -> Judged:
    """Bytes of head and cookies per HTTP request, by header profile and cookie size."""
    polls, cases, numbers = _feed(runs, "overhead", "polling"), [], []
    for _, group in summary.groups(polls, ["header_profile", "cookie_bytes"]):
        words = summary.describe(table.records(group)[0], ["header_profile", "cookie_bytes"])
        head, cookies = _share(group, "request_head", "requests"), _share(group, "cookies", "requests")
        cases.append((head + cookies >= MANY_BYTES, f"the client sends {words} ({number(head + cookies)} B a request)"))
        numbers.append(f"{words}: {number(head)} B of head and {number(cookies)} B of cookies a request.")
    return _all_or_some(cases), (f"Many means {MANY_BYTES} B or more.", *numbers)


# --- C2: what it adds up to ------------------------------------------------------------------------------------------


def _overhead(runs: pd.DataFrame) -> Judged:
    """Whether polling's overhead for a message outweighs the message and the WebSocket's, condition by condition."""
    chosen, cases, numbers = _feed(runs, "overhead", *COMPARED), [], []
    for words, group in _conditions(chosen):
        by = {name: _mean(group, name, "overhead_per_delivery") for name in COMPARED}
        payload = _share(group, "payload", "deliveries")
        polling, websocket = by["polling"], by["websocket"]
        if any(map(math.isnan, (*by.values(), payload))):
            continue
        cases.append((polling > payload and polling > websocket, words))
        numbers.append(
            f"{words}: {number(polling)} B of overhead by polling, {number(by['long-polling'])} B by long polling, "
            f"{number(websocket)} B by WebSocket around a message of {number(payload)} B; "
            f"polling to WebSocket {_ratio(polling, websocket)}."
        )
    if not cases:
        raise _Missing("no condition of overhead was run validly with all transports")
    numbers += _crossing(chosen)
    return _all_or_some(cases), ("It is a mass where the overhead outweighs the message itself.", *numbers)


def _crossing(runs: pd.DataFrame) -> list[str]:
    """Where the rate varies: the rates at which long polling's overhead is above polling's, and where it is not."""
    if runs["rate_hz"].nunique() < 2:
        return []
    means = runs.groupby(["rate_hz", "transport"])["overhead_per_delivery"].mean().unstack()
    more = means["long-polling"] > means["polling"]
    above, below = (", ".join(f"{rate:g}" for rate in means.index[which]) or "no rate" for which in (more, ~more))
    return [f"Long polling costs more than polling at {above} messages/s, less at {below}."]


def _conditions(runs: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """The runs by what all transports share and by the poll interval, each with its words.

    Runs without a poll interval of their own stand beside every interval.
    """
    shared, found = summary.varying(runs), []
    several = runs["poll_interval_s"][summary.applies(runs, "poll_interval_s")].nunique() > 1
    for _, group in summary.groups(runs, shared):
        words = summary.describe(table.records(group)[0], shared)
        polls = summary.applies(group, "poll_interval_s")
        intervals = sorted(group["poll_interval_s"][polls].unique())
        for interval in intervals or [math.nan]:
            own = group[~polls | (group["poll_interval_s"] == interval)]
            every = f"polls come every {interval:g} s" if several else ""
            found.append((", ".join(filter(None, [words, every])) or "as run", own))
    return found


def _mean(runs: pd.DataFrame, transport: str, column: str) -> float:
    """The mean over the repeats of one transport; NaN without any."""
    return float(runs[runs["transport"] == transport][column].astype("float64").mean())


def _ratio(more: float, less: float) -> str:
    return f"{number(more / less)} : 1" if less else "without bound"


# --- C5: whether the request waits -----------------------------------------------------------------------------------


def _held_requests(runs: pd.DataFrame) -> Judged:
    """Empty answers and requests per message of long polling, by experiment and hold; polling's beside them."""
    chosen, cases, numbers = _feed(runs, "real-feed overhead latency scale", "long-polling"), [], []
    for (experiment, hold), group in summary.groups(chosen, ["experiment", "hold_s"]):
        empty, asked = _share(group, "empty_responses", "requests"), _share(group, "requests", "deliveries")
        words = f"requests are held {hold:g} s in {experiment}" if not math.isnan(hold) else f"run as in {experiment}"
        cases.append((empty <= RARELY_EMPTY, words))
        numbers.append(
            f"{experiment}: {number(100 * empty)} % of the answers empty, {number(asked)} requests a message."
        )
    polls = runs[(runs["transport"] == "polling") & runs["experiment"].isin(chosen["experiment"].unique())]
    if polls["requests"].sum():
        numbers.append(
            f"Polling in the same experiments: {number(100 * _share(polls, 'empty_responses', 'requests'))} %."
        )
    return _all_or_some(cases), (f"Held means at most {number(100 * RARELY_EMPTY)} % of the answers empty.", *numbers)


# --- C6: connections -------------------------------------------------------------------------------------------------


def _connections(runs: pd.DataFrame) -> Judged:
    """Connections per client and per 100 messages; a lasting one does not multiply with the messages.

    Who may speak is no run's figure, so that half of the claim stays open here.
    """
    chosen, numbers = _feed(runs, "real-feed overhead latency scale", "websocket"), []
    lasting = _share(chosen, "connections", "clients") <= 2  # one more may ask for /status first
    for transport in COMPARED:
        same = _any_feed(runs, chosen["experiment"].unique(), [transport])
        for kept, group in same.groupby("keep_alive", dropna=False):
            client, hundred = _share(group, "connections", "clients"), 100 * _share(group, "connections", "deliveries")
            how = "" if pd.isna(kept) or kept else " without kept connections"
            numbers.append(
                f"{transport}{how}: {number(client)} connections a client, {number(hundred)} a 100 messages."
            )
    return "holds when only connections are counted" if lasting else "does not hold", tuple(numbers)


# --- C11: latency ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Mean:
    """A mean latency and the half width of its 95 % interval, in ms."""

    ms: float
    half_ms: float

    def significantly_below(self, other: _Mean) -> bool:
        """Intervals apart, and by a factor that matters."""
        apart = self.ms + self.half_ms < other.ms - other.half_ms
        return apart and other.ms >= SIGNIFICANT * self.ms


def _latency(runs: pd.DataFrame) -> Judged:
    """The WebSocket's mean latency against polling's and against long polling's, condition by condition."""
    chosen, cases, numbers = _feed(runs, "latency real-feed", *COMPARED), [], []
    for experiment in chosen["experiment"].unique():
        for words, group in _conditions(chosen[chosen["experiment"] == experiment]):
            for rival in RIVALS:
                ours, theirs = _mean_latency(group, "websocket"), _mean_latency(group, rival)
                if ours is not None and theirs is not None:
                    faster = ours.significantly_below(theirs)
                    cases.append((faster, _against(rival, experiment, words)))
                    numbers.append(_compared(experiment, words, rival, ours, theirs))
    if not cases:
        raise _Missing("no condition was run validly with a WebSocket and a rival")
    sooner = f"Significantly means {SIGNIFICANT:g} times sooner or more, 95 % intervals apart."
    return _summed_up(cases), (sooner, *dict.fromkeys(numbers))


def _against(rival: str, experiment: str, words: str) -> str:
    extra = (
        words if rival == "polling" else ", ".join(part for part in words.split(", ") if not part.startswith("polls"))
    )
    return f"{rival}|{experiment}" + (f", {extra}" if extra and extra != "as run" else "")


def _summed_up(cases: list[tuple[bool, str]]) -> str:
    """One rival won throughout is named by itself; else by its conditions."""
    unique = list(dict.fromkeys(cases))
    if all(holds for holds, _ in unique):
        return "holds"
    won = []
    for rival in RIVALS:
        mine = [(holds, words.split("|")[1]) for holds, words in unique if words.startswith(f"{rival}|")]
        good = [words for holds, words in mine if holds]
        if good:
            won.append(f"the rival is {rival}" + ("" if len(good) == len(mine) else f" ({'; '.join(good)})"))
    return f"holds when {' or '.join(won)}" if won else "does not hold"


def _mean_latency(runs: pd.DataFrame, transport: str) -> _Mean | None:
    """The mean over the repeats; their intervals combine as independent ones do."""
    mine = runs[runs["transport"] == transport].dropna(subset=["latency_mean_ms", "latency_mean_ci_ms"])
    if mine.empty:
        return None
    half = math.sqrt(float((mine["latency_mean_ci_ms"] ** 2).sum())) / len(mine)
    return _Mean(float(mine["latency_mean_ms"].mean()), half)


def _compared(experiment: str, words: str, rival: str, ours: _Mean, theirs: _Mean) -> str:
    overlap = abs(ours.ms - theirs.ms) <= ours.half_ms + theirs.half_ms
    where = _against(rival, experiment, words).split("|")[1]
    return (
        f"{where}: {rival} {number(theirs.ms)} ± {number(theirs.half_ms)} ms, WebSocket {number(ours.ms)} ± "
        f"{number(ours.half_ms)} ms, {_ratio(theirs.ms, ours.ms)}, intervals {'overlap' if overlap else 'apart'}."
    )


JUDGES: dict[str, Callable[[pd.DataFrame], Judged]] = {
    "C1": _request_heads,
    "C2": _overhead,
    "C5": _held_requests,
    "C6": _connections,
    "C11": _latency,
}
