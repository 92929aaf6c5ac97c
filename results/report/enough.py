"""The reader's own question: would server-sent events have been enough? Use by use, observed and measured."""

from __future__ import annotations

import pandas as pd

from results import table
from results.claims.observed import Observed
from results.event_overhead import event_overhead
from results.model import frame_header_bytes, websocket_overhead
from results.report.grid import Grid
from results.select import ratio_of_sums, without_tls_or_deflate
from results.words import number

MESSAGE_BYTES = 142
GUEST = "server-sent-events"


def enough(runs: pd.DataFrame, observations: pd.DataFrame) -> Grid:
    """A row for each use. NotMeasured where no EventSource was observed."""
    seen = Observed(observations, "SSE")
    waits = seen.one("reconnection time", "the response ends after an event")
    answered = seen.under("another request is answered")
    crowded = seen.one("another request is answered", "HTTP/1.1, 6 streams are open")
    many = [f"; {condition.lower().replace('http', 'HTTP')}: {how}" for condition, how in answered.items()
            if condition.startswith("HTTP/2")]  # fmt: skip
    events, how = _event_overhead(runs)
    request = _request_bytes(runs)
    rows = [
        ["the server sends, the client listens", "yes",
         f"{number(events)} B of overhead per message ({how}), by WebSocket {websocket_overhead(MESSAGE_BYTES)} B"],
        ["the client sends, too", "no",
         f"each of its messages is a POST with {request} of headers, by WebSocket a frame header of "
         f"{frame_header_bytes(MESSAGE_BYTES, masked=True)} B"],
        ["binary messages", "no", "events are text, and base64 is a third longer"],
        ["connecting again after a break", "yes", f"by itself after {waits} s, with the last id"],
        ["being told why it was refused", "no", "204, 410 and 503 look alike to the page"],
        ["more than six tabs of one site", "over HTTP/2 only",
         f"with six streams over HTTP/1.1, another request is answered {crowded}{''.join(many)}"],
        ["proxies", "yes", "a response as any other; a comment after 15 s of silence keeps it open"],
    ]  # fmt: skip
    return Grid("Would server-sent events have been enough?", ["use", "enough", "why"], rows)


def _event_overhead(runs: pd.DataFrame) -> tuple[float, str]:
    """Overhead of an event in bytes: measured without TLS and compression, or computed."""
    mine = without_tls_or_deflate(table.valid(runs))
    mine = mine[(mine["transport"] == GUEST) & (mine["experiment"] == "overhead")
                & (mine["payload_bytes"] == MESSAGE_BYTES)]  # fmt: skip
    if mine.empty:
        return event_overhead(MESSAGE_BYTES), "computed"
    return ratio_of_sums(mine, "framing", "deliveries"), "measured"


def _request_bytes(runs: pd.DataFrame) -> str:
    """The headers of a browser's request, in words."""
    polls = table.valid(runs)
    polls = polls[(polls["transport"] == "polling") & (polls["header_profile"] == "browser")]
    size = ratio_of_sums(polls[polls["cookie_bytes"] == 0], "request_head", "requests")
    return "hundreds of bytes" if pd.isna(size) else f"{number(size)} B"
