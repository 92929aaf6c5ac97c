"""C8, C9 and C10: the connection after the handshake, the bytes before a frame's data, and messages in fragments."""

from __future__ import annotations

import pandas as pd

from results.claims.claim import Judgement
from results.claims.evidence import judge, names_of
from results.claims.observed import BROWSER, NotObserved, Observed
from results.table import TableError
from results.words import listed

CLAIMED = 4, 12
"""Bytes before a frame's data, by the argument."""
SIDES = {"server": "the server sends", "client": "the client sends"}


def same_connection(observations: pd.DataFrame) -> Judgement:
    """Judge C8: whether both ends are the same before the 101 and after, and whether HTTP has ended."""
    seen = Observed(observations, "C8").quantities("")
    ends = {name.partition(",")[0]: value for name, value in seen.items() if name.endswith("before the 101 and after")}
    still = Observed(observations, "C8").one("HTTP after the 101 is answered as HTTP", "")
    first = Observed(observations, "C8").one("first bytes of that answer", "")
    if not ends:
        raise NotObserved("nothing was observed of: addresses and ports before the 101 and after")
    parts = {name: value == "the same" for name, value in ends.items()} | {"the protocol": still == "no"}
    return judge(
        parts.values(),
        holds="both addresses and ports, and the server's socket, are the same before the 101 and after",
        when=f"except for {names_of(parts, confirmed=False)}",
        fails="neither addresses nor ports are the same before the 101 and after",
        evidence=(
            *((f"{name}, before the 101 and after", value) for name, value in ends.items()),
            ("an HTTP request after the 101 gets", f"{first}: {'HTTP' if still == 'yes' else 'a WebSocket frame'}"),
        ),
    )


def frame_heads(observations: pd.DataFrame) -> Judgement:
    """Judge C9 by the bytes before the data, by sender and size."""
    seen, head = Observed(observations, "C9"), "bytes before the data"
    heads = {words: seen.whole(head, words) for words in seen.under(head)}
    cases: list[bool] = []
    when, rows = [], []
    for side, limits in SIDES.items():
        found: dict[int, set[int]] = {}
        for words in (words for words in heads if words.endswith(side)):
            found.setdefault(_size(words), set()).add(heads[words])
        if not found:
            raise NotObserved(f"nothing was observed of: {head}, from the {side}")
        right = {size: all(CLAIMED[0] <= each <= CLAIMED[1] for each in sizes) for size, sizes in found.items()}
        cases += right.values()
        if any(right.values()):
            when.append(f"{limits} {_sizes(right)}")
        rows += [(f"frame header from the {side} before {size:,} B", f"{' or '.join(map(str, sorted(sizes)))} B")
                 for size, sizes in found.items()]  # fmt: skip
    span = f"frame headers have {min(heads.values())} to {max(heads.values())} B"
    return judge(cases, holds=span, when=f"when {' or '.join(when)}; {span}", fails=span, evidence=tuple(rows))


def _size(words: str) -> int:
    """The size that a condition says, "65,536 B text from the client"; TableError if it says none."""
    size = words.partition(" B ")[0].replace(",", "")
    if not size.isdecimal():
        raise TableError(f"observations.csv, C9: {words!r} does not begin with a size")
    return int(size)


def _sizes(right: dict[int, bool]) -> str:
    """Of which sizes something is right, in words; a run of them up to the largest or smallest by its other end."""
    fitting = [size for size, fits in right.items() if fits]
    if fitting == [size for size in right if size >= min(fitting)]:
        return f"{min(fitting):,} B or more"
    if fitting == [size for size in right if size <= max(fitting)]:
        return f"{max(fitting):,} B or fewer"
    return listed([f"{size:,} B" for size in fitting])


def fragments(observations: pd.DataFrame) -> Judgement:
    """Judge C10 by who hands out a fragment before the last has arrived; a pong shows that the first had."""
    seen = Observed(observations, "C10")
    seen.one("text handed out", BROWSER)
    pieces = {name: value.split(" | ") for name, value in seen.under("text handed out").items()}
    whole = {name: len(parts) == 1 for name, parts in pieces.items()}
    moments = {name: seen.one("text is handed out after", name) for name in pieces}
    return judge(
        whole.values(),
        holds=f"all {len(whole)} receivers hand out whole messages only",
        when=f"for {sum(whole.values())} of {len(whole)} receivers, a browser among them; {names_of(whole, False)} "
        "hands out fragments" if whole[BROWSER] else f"for {names_of(whole)} only",
        fails=f"none of {len(whole)} receivers waits for the last fragment",
        evidence=(
            *((f"text handed out by {name}", f"in {len(parts)} {'piece' if len(parts) == 1 else 'pieces'}, "
               f"after {moments[name]} s") for name, parts in pieces.items()),
            ("a ping between the fragments is answered", f"after {seen.one('pong comes after', BROWSER)} s"),
        ),
    )  # fmt: skip
