"""The classic figures as tables: printed, computed, and measured here."""

from __future__ import annotations

import pandas as pd

from results import table
from results.audit.audit import audit
from results.audit.hours import Costs, Following, client_hour
from results.audit.lab import lab_bases
from results.audit.quantum import CLIENTS, quantum
from results.crossings import heads_of
from results.figures.heads_compressed import AUTHORITY, WORDS, recorded_fields, sizes_of
from results.figures.heads_compressed import heads_of as compared_heads
from results.report.enough import enough
from results.report.grid import Grid
from results.select import NotMeasured, of_experiment
from results.transports import COMPARED, TRANSPORTS
from results.words import number


def classic_tables(runs: pd.DataFrame, observations: pd.DataFrame) -> list[Grid]:
    """As many of the tables as the runs and observations give."""
    good, found = table.valid(runs), []
    for make in (leap, points, heads, hour, enough):
        try:
            found.append(make(good, observations))
        except NotMeasured:
            continue
    return found


def leap(runs: pd.DataFrame, _: pd.DataFrame) -> Grid:
    """Mbit/s at one message a second per client, and their ratio; each row counts one thing more."""
    rates: dict[str, list[str]] = {}
    ratios: dict[str, str] = {}
    measured = lab_bases(of_experiment(runs, "overhead"))
    for row in quantum(further=[each for each in measured if each.polling is not None]):
        rates.setdefault(row.basis.name, []).append(f"{number(row.polling_mbit_s)} / {number(row.websocket_mbit_s)}")
        ratios[row.basis.name] = number(row.ratio)
    title = "Mbit/s of polling / of a WebSocket, a message a second to each client; computed, but for this lab's bytes"
    return Grid(title, ["counted", *(f"{clients:,} clients" for clients in CLIENTS), "ratio"],
                [[name, *cells, ratios[name]] for name, cells in rates.items()])  # fmt: skip


def points(runs: pd.DataFrame, observations: pd.DataFrame) -> Grid:
    """The audit, line by line."""
    rows = []
    for each in audit(recorded_fields(observations), AUTHORITY, of_experiment(runs, "overhead")):
        figures = (f"{number(value)} {each.unit}" for value in (each.claimed, each.computed))
        rows.append([f"{each.point}. {each.what}", *figures, each.source])
    title = "The audit of Lubbers & Greco, line by line; computed, but for this lab's bytes"
    return Grid(title, ["line", "printed", "audited", "authority"], rows)


def heads(_: pd.DataFrame, observations: pd.DataFrame) -> Grid:
    """What HTTP/2 leaves of heads."""
    found = compared_heads(recorded_fields(observations))
    rows = [[words, *(number(size) for size in sizes_of(head).values())] for words, head in found.items()]
    return Grid("Bytes of a head; HTTP/2's are computed", ["head", *WORDS.values()], rows)


def hour(runs: pd.DataFrame, _: pd.DataFrame) -> Grid:
    """A client's hour on the four transports."""
    mine = of_experiment(runs, "update-rate")
    costs = Costs(heads_of(mine[mine["transport"] == COMPARED[0]]), handshake=0, stream=0)
    hours = client_hour(Following(), costs)
    rows = [[TRANSPORTS[each.transport].title,
             *map(number, (each.requests, each.overhead_bytes, each.message_bytes))] for each in hours]  # fmt: skip
    title = "An hour of a client: a message of 142 B a second, polls every second, joining not included; computed"
    return Grid(title, ["transport", "requests", "bytes beside the messages", "bytes of the messages"], rows)
