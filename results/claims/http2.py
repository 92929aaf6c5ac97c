"""What HTTP/2 leaves of the headers, as it was observed: further evidence for the claims about headers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pandas as pd

from results.claims.claim import Evidence
from results.claims.observed import NotObserved, Observed

DATA_FRAME_HEAD = 9
"""Bytes before the data of a response (RFC 9113 section 4.1)."""


def later_requests(seen: Observed) -> Evidence:
    """Bytes of a request's headers after the first one on a connection."""
    return tuple((f"over HTTP/2, a later {words}: its request", f"{size} B")
                 for words, size in seen.under("HTTP/2, later request").items())  # fmt: skip


def later_exchanges(seen: Observed) -> Evidence:
    """Bytes of all but the message, in a later request and its response."""
    requests, heads = seen.under("HTTP/2, later request"), seen.under("HTTP/2, later response head")
    return tuple((f"over HTTP/2, a later {words}: all but the message",
                  f"{float(size) + float(heads[words]) + DATA_FRAME_HEAD:g} B")
                 for words, size in requests.items() if words in heads)  # fmt: skip


def in_a_browser(seen: Observed) -> Evidence:
    """What a browser's poll takes over TLS by either version, and how long."""
    return tuple((f"in a browser {way}: {what}", f"{value} {unit}") for what, unit, quantity in BROWSER
                 for way, value in seen.under(quantity).items())  # fmt: skip


BROWSER = (
    ("a poll without a message", "B", "HTTP/2 in a browser: bytes of a poll without a message"),
    ("it takes", "ms", "HTTP/2 in a browser: time of a poll"),
)


ROWS: dict[str, tuple[Callable[[Observed], Evidence], ...]] = {
    "C1": (later_requests, in_a_browser),
    "C2": (later_exchanges,),
    "C4": (later_requests,),
}


def over_http2(claim: str, observations: pd.DataFrame) -> Evidence:
    """Rows of evidence for a claim; none where nothing was observed, as without nginx."""
    found: Evidence = ()
    for rows in ROWS.get(claim, ()):
        with suppress(NotObserved):
            found += rows(Observed(observations, "C1"))
    return found
