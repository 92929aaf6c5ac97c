"""C4 and C7: what a request must carry, and what an opening handshake must."""

from __future__ import annotations

import re

import pandas as pd

from results.claims.claim import Judgement
from results.claims.evidence import judge, names_of
from results.claims.observed import Observed
from results.words import listed

WITHOUT = "without "
SAME = "the same answer"
MOST = 0.5
"""Most of a request can go if less than this share of its bytes gets the same answer."""
SWITCHING = "101"
SIMPLIFIED = "the argument, simplified"
SENT_BY = "as sent by "


def needless_lines(observations: pd.DataFrame) -> Judgement:
    """Judge C4 by how much of a browser's requests gets the same response, byte by byte except for its Date."""
    seen, cases, rows = Observed(observations, "C4"), {}, []
    shares = {}
    for request in seen.under("bytes"):
        whole, shortest = (seen.whole(quantity, request) for quantity in ("bytes", "bytes of the shortest"))
        lines, left = (seen.whole(quantity, request) for quantity in ("lines", "lines of the shortest"))
        cases[f"a {request}"], shares[f"a {request}"] = shortest < MOST * whole, shortest / whole
        rows.append((f"lines that a {request} needs for the same response", f"{left} of {lines}"))
        rows.append((f"bytes of those lines of a {request}", f"{shortest} of {whole} B"))
        rows.append((f"fields that a {request} needs", seen.one("fields of the shortest", request)))
        rows += [(f"a {request} {name}", value) for name, value in seen.quantities(request).items()
                 if name.startswith(WITHOUT) and value != SAME]  # fmt: skip
    found = listed([f"{100 * part:.0f} % of {in_english(request)}" for request, part in shares.items()])
    return judge(
        cases.values(),
        holds=f"{found} would be enough for the same response",
        when=f"for {names_of(cases)} only; {found} would be enough for the same response",
        fails=f"no less than {found} gets the same response",
        evidence=tuple(rows),
    )


def in_english(request: str) -> str:
    """ "a poll of a browser" as "a browser's poll"."""
    found = re.fullmatch(r"a (\w+) of (an? \w+)", request)
    return f"{found[2]}'s {found[1]}" if found else request


def handshake(observations: pd.DataFrame) -> Judgement:
    """Judge C7 by the responses to the handshakes of a browser, of Python and of the argument; and to spoilt ones."""
    seen = Observed(observations, "C7")
    status, fields = seen.under("status"), seen.under("fields")
    senders = seen.of_each("status", fields)
    needed = [name.removesuffix(" dropped") for name, value in status.items()
              if name.endswith(" dropped") and value != SWITCHING]  # fmt: skip
    simple = fields.get(SENT_BY + SIMPLIFIED, "").split(", ")
    lacking = [name for name in needed if name not in simple]
    keys = seen.under("Accept worked out")
    accepted = all(seen.one("Accept answered", key) == value for key, value in keys.items())
    parts = {name.removeprefix("as "): value == SWITCHING and accepted for name, value in senders.items()}
    complete = [set(needed) <= set(value.split(", ")) for value in fields.values()]
    by_fields = f"when it also carries {listed(lacking or needed)}; the argument's shortened example lacks them"
    statuses = listed([f"{value} {name}" for name, value in senders.items()])
    key, value = next(iter(keys.items()))
    return judge(
        parts.values(),
        holds=f"the server answers {statuses}",
        when=by_fields if complete == list(parts.values()) else f"when {names_of(parts)}",
        fails="the server switches for none of them" if accepted else "the server's Accept is not that of RFC 6455",
        evidence=(
            *((f"a handshake {name}", value) for name, value in senders.items()),
            ("fields that the server needs", listed(needed)),
            *((f"a handshake with {name}", value) for name, value in status.items() if name not in senders),
            (f"Accept for the key {key}", f"{seen.one('Accept answered', key)}, "
             f"{'as' if accepted else 'not as'} RFC 6455 computes it"),
        ),
    )  # fmt: skip
