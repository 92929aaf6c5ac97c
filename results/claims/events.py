"""C12 and C13: the events of a browser's WebSocket, and what can be done with it."""

from __future__ import annotations

import pandas as pd

from results.claims.evidence import Judged, judge, judge_parts
from results.claims.observed import Seen
from results.words import listed

EVENTS = ("open", "message", "error", "close")


def events(observations: pd.DataFrame) -> Judged:
    """Whether there are no other events, and close follows each error at once, however the connection ends."""
    seen = Seen(observations, "C12")
    endings = {name: value.split(", ") for name, value in seen.under("events").items()}
    fits = {name: _in_order(each) for name, each in endings.items()}
    failed = [name for name, each in endings.items() if "error" in each]
    known = list(dict.fromkeys(event for each in endings.values() for event in each))
    boundary = (
        f"{len(endings)} endings had {listed(known)}, and no other event; {len(failed)} had an error, "
        f"{sum(fits[name] for name in failed)} of them just before close"
    )
    numbers = [
        f"When {name}: {', '.join(each)}; code {seen.one('code', name)}, "
        f"{'clean' if seen.one('wasClean', name) == 'yes' else 'not clean'}, "
        f"readyState {seen.one('readyState at each', name)}."
        for name, each in endings.items()
    ]
    when = f"not {listed([name for name, fit in fits.items() if not fit])}"
    return judge(list(fits.values()), when, boundary), tuple(numbers)


def _in_order(events: list[str]) -> bool:
    """Whether there are only the four, close is the last, and an error stands just before it."""
    return (
        set(events) <= set(EVENTS)
        and events[-1] == "close"
        and "error" not in events[:-2]
        and "close" not in events[:-1]
    )


def actions(observations: pd.DataFrame) -> Judged:
    """What send() says, queues and delivers in each state, and whether messages still come after close()."""
    seen = Seen(observations, "C13")
    said = seen.under("send()")
    tried, delivered = next(iter(seen.under("messages at the server").items()))
    sent, told = next(iter(seen.under("message events").items()))
    queued = seen.of_each("added to bufferedAmount", said)
    opened = sum(state.startswith("OPEN") for state in said)
    parts = {"what is sent": delivered == str(opened), "what is received": told == "0"}
    boundary = f"of {tried}, once in each state, {delivered} came to the server; of {sent}, {told} had an event"
    numbers = [f"{state}: send() {what}, and adds {queued[state]} B to bufferedAmount." for state, what in said.items()]
    return judge_parts(parts, "only {} counts", boundary), tuple(numbers)
