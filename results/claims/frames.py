"""C8, C9 and C10: the connection after the handshake, the bytes before a frame's data, and messages in fragments."""

from __future__ import annotations

import pandas as pd

from results.claims.evidence import Judged, judge, judge_parts
from results.claims.observed import BROWSER, NotObserved, Seen
from results.table import TableError
from results.words import listed

CLAIMED = 4, 12
"""Bytes before a frame's data, by the argument."""
SIDES = ("server", "client")


def same_connection(observations: pd.DataFrame) -> Judged:
    """Whether both ends are the same before the 101 and after, and whether HTTP is spoken on."""
    seen = Seen(observations, "C8").quantities("")
    ends = {name.partition(",")[0]: value for name, value in seen.items() if name.endswith("before the 101 and after")}
    still = Seen(observations, "C8").one("HTTP after the 101 is answered as HTTP", "")
    boundary = f"{listed([f'{name} {value}' for name, value in ends.items()])} before the 101 and after"
    first = Seen(observations, "C8").one("first bytes of that answer", "")
    numbers = (
        f"A request in HTTP, sent after the 101, is answered with {first}: {'HTTP' if still == 'yes' else 'a frame'}."
    )
    if not ends:
        raise NotObserved("nothing was observed of: addresses and ports before the 101 and after")
    parts = {name: value == "the same" for name, value in ends.items()} | {"the protocol": still == "no"}
    return judge_parts(parts, "only these are compared: {}", boundary), (numbers,)


def frame_heads(observations: pd.DataFrame) -> Judged:
    """The bytes before the data, by sender and size, and where the argument's range is right."""
    seen, head = Seen(observations, "C9"), "bytes before the data"
    heads = {words: seen.whole(head, words) for words in seen.under(head)}
    cases: list[bool] = []
    when, numbers = [], []
    for side in SIDES:
        found: dict[int, set[int]] = {}
        for words in (words for words in heads if words.endswith(side)):
            found.setdefault(_size(words), set()).add(heads[words])
        if not found:
            raise NotObserved(f"nothing was observed of: {head}, from the {side}")
        right = {size: all(CLAIMED[0] <= head <= CLAIMED[1] for head in each) for size, each in found.items()}
        cases += right.values()
        if any(right.values()):
            when.append(f"the {side} sends {_sizes(right)}")
        told = [f"{' or '.join(map(str, sorted(each)))} B before {size:,} B" for size, each in found.items()]
        numbers.append(f"From the {side}, text or binary: {listed(told)}.")
    boundary = f"{min(heads.values())} to {max(heads.values())} B were seen"
    return judge(cases, " or ".join(when), boundary), tuple(numbers)


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


def fragments(observations: pd.DataFrame) -> Judged:
    """Who hands a fragment out before the last has come; the pong to a ping between them shows that they had."""
    seen = Seen(observations, "C10")
    seen.one("text handed out", BROWSER)
    pieces = {name: value.split(" | ") for name, value in seen.under("text handed out").items()}
    whole = {name: len(parts) == 1 for name, parts in pieces.items()}
    moments = {name: seen.one("text is handed out after", name) for name in pieces}
    asks = listed([name for name, alone in whole.items() if alone])
    boundary = (
        f"in a browser, `message` came after {moments[BROWSER]} s, as the last fragment did; a ping between the "
        f"fragments was answered after {seen.one('pong comes after', BROWSER)} s"
    )
    numbers = [f"{name}: {len(parts)} {'piece' if len(parts) == 1 else 'pieces'}, after {moments[name]} s."
               for name, parts in pieces.items()]  # fmt: skip
    return judge(list(whole.values()), f"whole messages are asked for, as by {asks}", boundary), tuple(numbers)
