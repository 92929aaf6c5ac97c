"""What a protocol does, observed now on this machine, or as the run that comes with the lab has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd

from lessons.live.recordings import NothingStarted, check_startable, live
from lessons.shown.recorded import reference
from loadtests.observe import frames, handshakes, header_lines, sockets
from loadtests.observe.observation import Observation
from loadtests.observe.servers import Servers, serving
from loadtests.runs.processes import RunFailed

PARTS: dict[str, Callable[[Servers], Iterator[Observation]]] = {
    "C4": header_lines.observe,
    "C7": handshakes.observe,
    "C8": sockets.observe,
    "C9": frames.observe,
}
"""What can be observed without a browser, by the claim that it decides."""


def observed(claim: str, *, now: bool | None = None) -> pd.DataFrame:
    """What was seen for a claim: quantity, value, unit, condition.

    With `now`, or where `live` says so, it is looked at on this machine, if no browser is needed for that. Otherwise it
    is what the run that comes with the lab saw. A line says which.
    """
    if claim in PARTS and (live() if now is None else now):
        try:
            check_startable()
            with serving() as servers:
                rows = [each.row() for each in PARTS[claim](servers)]
            print("Observed just now, on this machine.")
            return pd.DataFrame(rows).drop(columns="claim")
        except (NothingStarted, RunFailed, OSError) as error:
            print(f"Nothing can be observed here ({error}).")
    print("Observed by the run that comes with the lab.")
    seen = reference().observations
    return seen[seen["claim"] == claim].drop(columns="claim").reset_index(drop=True)


def side_by_side(found: pd.DataFrame, quantities: list[str]) -> pd.DataFrame:
    """A row for each condition, a column for each of these quantities, in the order in which they were seen."""
    mine = found[found["quantity"].isin(quantities)]
    table = mine.pivot_table(index="condition", columns="quantity", values="value", aggfunc="first", sort=False)
    return table.reindex(columns=quantities).fillna("").rename_axis(None).rename_axis(None, axis="columns")


def mutated_handshakes(found: pd.DataFrame) -> pd.DataFrame:
    """C7: what a server answers where one line of the handshake is dropped, doubled or misspelt."""
    status = found[found["quantity"] == "status"].set_index("condition")["value"]
    words = [str(words) for words in status.index if not str(words).startswith("as sent by ")]
    rows: dict[str, dict[str, str]] = {}
    for each in words:
        name, how = each.split(" ")[:2]
        rows.setdefault(name, {})[how] = status[each]
    return pd.DataFrame(rows).T


def frame_heads(found: pd.DataFrame) -> pd.DataFrame:
    """C9: bytes before the data, by size and kind, from the client and from the server."""
    words = found["condition"].str.extract(r"(?P<size>[\d,]+ B) (?P<kind>\w+) from the (?P<side>\w+)")
    table = found.assign(**words).pivot_table(
        index=["size"], columns=["side", "kind"], values="value", aggfunc="first", sort=False
    )
    return table.rename_axis(None).rename_axis([None, None], axis="columns")
