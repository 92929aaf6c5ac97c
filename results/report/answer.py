"""The answer to the lab's question in a few sentences, each computed from the data."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from results import table
from results.audit.lab import lab_bases
from results.audit.quantum import PUBLISHED_FRAME, PUBLISHED_POLL, bases, ratio
from results.claims.evidence import any_feed, feed
from results.claims.latency import SIGNIFICANT, latency_threshold
from results.crossings import measured
from results.select import NotMeasured, first_known, kept, most_common, need_each, overhead_per_request
from results.transports import COMPARED
from results.words import describe, milliseconds, number, times


def answer(runs: pd.DataFrame) -> list[str]:
    """What the valid runs say, in the order of the argument; what they do not hold is left out."""
    good, found = table.valid(runs), []
    for say in SENTENCES:
        try:
            found.append(say(good))
        except NotMeasured:
            continue
    return found


def overhead(runs: pd.DataFrame) -> str:
    """The overhead by transport, in steady state."""
    mine = feed(runs, "overhead", *COMPARED)
    mine = most_common(mine, ["header_profile", "cookie_bytes", "tls", "deflate", "payload_bytes"])
    need_each(mine, COMPARED, "the most frequent condition of overhead")
    each = {name: overhead_per_request(mine[mine["transport"] == name], name) for name in COMPARED}
    where = describe(table.records(mine)[0], ["header_profile", "cookie_bytes"])
    return (
        f"WebSocket adds {times(each['websocket'])} B to a message, long polling {times(each['long-polling'])} B. "
        f"Polling adds {times(each['polling'])} B to each poll, however many messages it returns ({where})."
    )


def delay(runs: pd.DataFrame) -> str:
    """The mean latencies at the longest round trip."""
    far = feed(runs, "latency", *COMPARED)
    far = need_each(far[kept(far) & (far["rtt_ms"] == far["rtt_ms"].max())], COMPARED, "the longest round trip")
    if not (far["rtt_ms"] > 0).all():
        raise NotMeasured("latency was run without a round trip only")
    means = far.groupby("transport")["latency_mean_ms"].mean()
    interval, rate = first_known(far, "poll_interval_s"), first_known(far, "rate_hz")
    pushed, held, polled = (milliseconds(means[name]) for name in ("websocket", "long-polling", "polling"))
    return (
        f"At {far['rtt_ms'].iloc[0]:g} ms round trip and {rate:g} messages/s, a message takes {pushed} ms by WebSocket "
        f"and {held} ms by long polling. Polling every {interval:g} s takes {polled} ms."
    )


def as_fast(runs: pd.DataFrame) -> str:
    """Up to which message rate long polling is as fast as a WebSocket."""
    feed(runs, "latency", "long-polling", "websocket")
    return (
        f"By the model, long polling takes at most {100 * (SIGNIFICANT - 1):.0f} % longer than WebSocket while fewer "
        f"than {times(latency_threshold())} messages arrive per round trip."
    )


def otherwise(runs: pd.DataFrame) -> str:
    """Where a WebSocket does not win."""
    mine = any_feed(runs, ["update-rate"], COMPARED)
    bytes_from = measured(mine, "websocket", "polling")
    cpu_from = measured(mine, "websocket", "polling", "server_cpu_us_per_delivery")
    if not bytes_from:
        raise NotMeasured("update-rate shows no rate at which polling sends less than a WebSocket")
    interval = first_known(mine, "poll_interval_s")
    cpu = f" Above {times(cpu_from)}, it takes less server CPU." if cpu_from else ""
    return (
        f"WebSocket does not always win: above {times(bytes_from)} messages a second, polling every {interval:g} s "
        f"sends fewer bytes.{cpu}"
    )


def classic(runs: pd.DataFrame) -> str:
    """What becomes of the most quoted figure."""
    on_ip = bases()[-1]
    own = next((each for each in lab_bases(feed(runs, "overhead", *COMPARED)) if "segments at 52 B" in each.name), None)
    here = ratio(own.polling, own.websocket) if own else None
    measured_here = f", and {number(here)} : 1 as measured here" if here else ""
    return (
        f"The famous {PUBLISHED_POLL} bytes against {PUBLISHED_FRAME} ({PUBLISHED_POLL / PUBLISHED_FRAME:.0f} : 1) "
        f"leave out line ends, IP and TCP. With them the ratio is {number(ratio(on_ip.polling, on_ip.websocket))} : 1"
        f"{measured_here}."
    )


SENTENCES: tuple[Callable[[pd.DataFrame], str], ...] = (overhead, delay, as_fast, otherwise, classic)
