"""The answer to the lab's question in a few sentences, each computed from the data."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from results import table
from results.audit.lab import lab_bases
from results.audit.quantum import PUBLISHED_FRAME, PUBLISHED_POLL, bases, ratio
from results.claims.evidence import any_feed, feed
from results.claims.latency import SIGNIFICANT, away_share, worthwhile
from results.crossings import measured
from results.select import NotMeasured, beside_each, first_known, kept, need_each, usual
from results.transports import COMPARED, TRANSPORTS
from results.words import describe, listed, milliseconds, number, times


def answer(runs: pd.DataFrame) -> list[str]:
    """What the valid runs say, in the order of the argument; what they do not hold is left out."""
    good, found = table.valid(runs), []
    for say in SENTENCES:
        try:
            found.append(say(good))
        except NotMeasured:
            continue
    return found


def bytes_beside(runs: pd.DataFrame) -> str:
    """What is sent beside the messages, by transport, in steady state."""
    mine = feed(runs, "overhead", *COMPARED)
    mine = usual(mine, ["header_profile", "cookie_bytes", "tls", "deflate", "payload_bytes"])
    need_each(mine, COMPARED, "the most frequent condition of overhead")
    each = {name: beside_each(mine[mine["transport"] == name], name) for name in COMPARED}
    where = describe(table.records(mine)[0], ["header_profile", "cookie_bytes"])
    return (
        f"Beside each message a WebSocket sends {times(each['websocket'])} B and long polling "
        f"{times(each['long-polling'])} B; polling sends {times(each['polling'])} B with each poll, whether it brings "
        f"many messages or none ({where})."
    )


def delay(runs: pd.DataFrame) -> str:
    """The mean latencies at the longest round trip."""
    far = feed(runs, "latency", *COMPARED)
    far = need_each(far[kept(far) & (far["rtt_ms"] == far["rtt_ms"].max())], COMPARED, "the longest round trip")
    if not (far["rtt_ms"] > 0).all():
        raise NotMeasured("latency was run without a round trip only")
    means = far.groupby("transport")["latency_mean_ms"].mean()
    interval, rate = first_known(far, "poll_interval_s"), first_known(far, "rate_hz")
    every = {"polling": f" every {interval:g} s", "long-polling": f" at {rate:g} messages/s"}
    parts = [
        f"{milliseconds(means[name])} ms by {TRANSPORTS[name].words}{every.get(name, '')}"
        for name in reversed(COMPARED)
    ]
    return f"Over a round trip of {far['rtt_ms'].iloc[0]:g} ms a message takes {listed(parts)}."


def as_soon(runs: pd.DataFrame) -> str:
    """Up to which message rate long polling is as fast as a WebSocket."""
    feed(runs, "latency", "long-polling", "websocket")
    return (
        f"By the model, long polling's mean latency is within {100 * (SIGNIFICANT - 1):.0f} % of a WebSocket's while "
        f"fewer than {times(worthwhile())} messages come in a round trip: then a request waits at the server for about "
        f"{100 * (1 - away_share()):.0f} % of the messages or more."
    )


def otherwise(runs: pd.DataFrame) -> str:
    """Where a WebSocket does not win."""
    mine = any_feed(runs, ["update-rate"], COMPARED)
    bytes_from = measured(mine, "websocket", "polling")
    cpu_from = measured(mine, "websocket", "polling", "server_cpu_us_per_delivery")
    if not bytes_from:
        raise NotMeasured("update-rate shows no rate at which polling sends less than a WebSocket")
    interval = first_known(mine, "poll_interval_s")
    cpu = f", and takes less of the server's CPU from {times(cpu_from)} on" if cpu_from else ""
    return (
        f"A WebSocket does not always win: whoever can wait {interval:g} s and polls sends fewer bytes "
        f"from {times(bytes_from)} messages a second on{cpu}."
    )


def classic(runs: pd.DataFrame) -> str:
    """What becomes of the most quoted figure."""
    on_ip = bases()[-1]
    own = next((each for each in lab_bases(feed(runs, "overhead", *COMPARED)) if "segments at 52 B" in each.name), None)
    here = ratio(own.polling, own.websocket) if own else None
    measured_here = f", and {number(here)} : 1 as measured here" if here else ""
    return (
        f"The famous {PUBLISHED_POLL} bytes against {PUBLISHED_FRAME} ({PUBLISHED_POLL / PUBLISHED_FRAME:.0f} : 1) "
        f"count no line ends, and neither IP nor TCP: with these it is "
        f"{number(ratio(on_ip.polling, on_ip.websocket))} : 1{measured_here}."
    )


SENTENCES: tuple[Callable[[pd.DataFrame], str], ...] = (bytes_beside, delay, as_soon, otherwise, classic)
