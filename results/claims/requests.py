"""C4 and C7: what a request must carry, and what an opening handshake must."""

from __future__ import annotations

import pandas as pd

from results.claims.evidence import Judged, judge
from results.claims.observed import Seen
from results.words import listed

WITHOUT = "without "
SAME = "the same answer"
MOST = 0.5
"""Most of a request can go if less than this share of its bytes gets the same answer."""
SWITCHING = "101"
SIMPLIFIED = "the argument, simplified"
SENT_BY = "as sent by "


def needless_lines(observations: pd.DataFrame) -> Judged:
    """How much of a browser's requests gets the same answer, byte by byte but for its Date."""
    seen, cases, parts, numbers = Seen(observations, "C4"), {}, [], []
    for request in seen.under("bytes"):
        whole, shortest = (seen.whole(quantity, request) for quantity in ("bytes", "bytes of the shortest"))
        lines, left = (seen.whole(quantity, request) for quantity in ("lines", "lines of the shortest"))
        cases[request] = shortest < MOST * whole
        parts.append(f"{left} of the {lines} lines of a {request}, {shortest} of {whole} B, get the same answer")
        missed = {name.removeprefix(WITHOUT): value for name, value in seen.quantities(request).items()
                  if name.startswith(WITHOUT) and value != SAME}  # fmt: skip
        numbers.append(
            f"A {request} needs {seen.one('fields of the shortest', request)}: "
            f"{listed([f'without {name} {value}' for name, value in missed.items()] or ['nothing more'])}."
        )
    when = f"it is a {listed([request for request, most in cases.items() if most])}"
    return judge(list(cases.values()), when, "; ".join(parts)), tuple(numbers)


def handshake(observations: pd.DataFrame) -> Judged:
    """What is answered to the handshakes of a browser, of Python and of the argument; and to one that is spoilt."""
    seen = Seen(observations, "C7")
    status, fields = seen.under("status"), seen.under("fields")
    senders = seen.of_each("status", fields)
    needed = [name.removesuffix(" dropped") for name, value in status.items()
              if name.endswith(" dropped") and value != SWITCHING]  # fmt: skip
    simple = fields.get(SENT_BY + SIMPLIFIED, "").split(", ")
    lacking = [name for name in needed if name not in simple]
    keys = seen.under("Accept worked out")
    accepted = all(seen.one("Accept answered", key) == value for key, value in keys.items())
    cases = [value == SWITCHING and accepted for value in senders.values()]
    complete = {name: set(needed) <= set(value.split(", ")) for name, value in fields.items()}
    if list(complete.values()) == cases:
        when = f"it carries {listed(lacking or needed)}, too"
    else:
        when = f"it is sent {listed([name.removeprefix('as ') for name, ok in zip(senders, cases, strict=True) if ok])}"
    boundary = listed([f"{value} {name}" for name, value in senders.items()])
    spoilt = [f"{name} {value}" for name, value in status.items() if name not in senders]
    answers = f"{'as' if accepted else 'not as'} RFC 6455 works it out"
    key, value = next(iter(keys.items()))
    return judge(cases, when, f"answered with {boundary}"), (
        f"No switch without {listed(needed or ['nothing'])}.",
        f"One line spoilt at a time: {'; '.join(spoilt)}.",
        f"To the key {key} the server answers {seen.one('Accept answered', key)}, {answers}.",
    )
