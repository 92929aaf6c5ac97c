"""C12 and C13: the events of a browser's WebSocket, and what can be done with it."""

from __future__ import annotations

import pandas as pd

from results.claims.claim import Judgement
from results.claims.evidence import judge, names_of
from results.claims.observed import Observed
from results.words import listed

EVENTS = ("open", "message", "error", "close")


def events(observations: pd.DataFrame) -> Judgement:
    """Judge C12: whether there are no other events, and close follows each error, however the connection ends."""
    seen = Observed(observations, "C12")
    endings = {name: value.split(", ") for name, value in seen.under("events").items()}
    fits = {name: _in_order(each) for name, each in endings.items()}
    failed = [name for name, each in endings.items() if "error" in each]
    known = list(dict.fromkeys(event for each in endings.values() for event in each))
    return judge(
        fits.values(),
        holds=f"in {len(endings)} ways of ending there were only {listed(known)}; each of {len(failed)} errors "
        "came just before close",
        when=f"except when {names_of(fits, confirmed=False)}",
        fails=f"in {len(endings)} ways of ending there were {listed(known)}, in another order",
        evidence=tuple(
            (f"events when {name}", f"{', '.join(each)}; code {seen.one('code', name)}, "
             f"{'clean' if seen.one('wasClean', name) == 'yes' else 'not clean'}, "
             f"readyState {seen.one('readyState at each', name)}")
            for name, each in endings.items()
        ),
    )  # fmt: skip


def _in_order(events: list[str]) -> bool:
    """Whether there are only the four, close is the last, and an error stands just before it."""
    return (
        set(events) <= set(EVENTS)
        and events[-1] == "close"
        and "error" not in events[:-2]
        and "close" not in events[:-1]
    )


def actions(observations: pd.DataFrame) -> Judgement:
    """Judge C13 by what send() throws, queues and delivers in each state, and by messages after close()."""
    seen = Observed(observations, "C13")
    results = seen.under("send()")
    tried, delivered = next(iter(seen.under("messages at the server").items()))
    sent, received = next(iter(seen.under("message events").items()))
    queued = seen.of_each("added to bufferedAmount", results)
    opened = sum(state.startswith("OPEN") for state in results)
    parts = {"what a page sends": delivered == str(opened), "what a page receives": received == "0"}
    found = f"of {tried}, one in each state, {delivered} arrived; of {sent}, {received} had an event"
    return judge(
        parts.values(),
        holds=found,
        when=f"for {names_of(parts)} only: {found}",
        fails=found,
        evidence=tuple((f"send() in state {state}", f"{result}; adds {queued[state]} B to bufferedAmount")
                       for state, result in results.items()),
    )  # fmt: skip
