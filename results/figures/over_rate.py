"""Overhead per message over the message rate: where the transports cross."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from results import table
from results.crossings import OVERHEAD, by_rate, heads_of, measured, orders
from results.figures.layout import Chart, conditions, freeze_layout, invalid_note, logarithmic, new_figure, styled
from results.model import PING_BYTES, PING_INTERVAL
from results.select import NotMeasured, first_known, of_experiment
from results.transport_models import MODELS, Setting
from results.transports import TRANSPORTS
from results.words import listed, number, times


@styled
def overhead_over_rate(runs: pd.DataFrame, machine: Mapping[str, Any]) -> Chart:
    """Overhead of a message (bytes) against the message rate, both axes logarithmic, from `update-rate`.

    Points are measured; lines are the model's, with the heads of these runs and nothing fitted to their rates.
    """
    mine = of_experiment(runs, "update-rate")
    good = table.valid(mine)
    if good["rate_hz"].nunique() < 2:
        raise NotMeasured("the experiment `update-rate` was run at one rate only")
    title, alt = _finding(good), _alt(good)
    note = f" Points: measured. Lines: the model, with a WebSocket's pings ({PING_BYTES} B every {PING_INTERVAL:g} s)."
    note += " Joining not included." + invalid_note(mine, "left out")
    figure = new_figure(title, conditions(mine, machine) + note)
    axes = figure.subplots()
    overheads = by_rate(good)
    rates = np.geomspace(overheads.index.min(), overheads.index.max(), 200)
    for name, own in good.groupby("transport"):
        look, line = TRANSPORTS[str(name)], _model(str(name), own, rates)
        points = overheads[name].dropna()
        axes.plot(rates, line, color=look.colour, linewidth=2, linestyle=(0, (4, 2)))
        axes.plot(points.index, points, look.marker, color=look.colour, linestyle="")
        rate, ha = _free_end(overheads.loc[points.index], str(name))
        axes.annotate(look.title, (rate, points[rate]), (10 if ha == "left" else -10, 12), ha=ha,
                      textcoords="offset points", color=look.colour, fontweight="bold")  # fmt: skip
    axes.set(xlabel="messages a second", ylabel="overhead per message, bytes")
    _mark_crossings(axes, good)
    logarithmic(axes)
    freeze_layout(figure)
    return Chart("overhead_over_rate", figure, title, alt)


def _mark_crossings(axes: Axes, runs: pd.DataFrame) -> None:
    """A line down from where polling becomes cheaper than another transport, with the rate."""
    for name in ("long-polling", "websocket"):
        if rate := measured(runs, name, "polling"):
            axes.axvline(rate, color="#777777", linewidth=1.2, linestyle=":")
            axes.annotate(f"{times(rate)}/s", (rate, 0.02), (4, 0), xycoords=("data", "axes fraction"), fontsize=12,
                          textcoords="offset points", color="#555555")  # fmt: skip


def _free_end(overheads: pd.DataFrame, transport: str) -> tuple[float, str]:
    """The end of a line, slowest or fastest, at which the others are further away, and to which side its name goes."""
    factors = overheads.drop(columns=transport).div(overheads[transport], axis=0)
    if factors.empty or factors.isna().all(axis=None):
        return float(overheads.index[0]), "left"
    distance = np.nan_to_num(np.abs(np.log(factors.to_numpy(dtype=float))), nan=np.inf).min(axis=1)
    first = distance[0] >= distance[-1]
    return float(overheads.index[0 if first else -1]), "left" if first else "right"


def _model(transport: str, runs: pd.DataFrame, rates: np.ndarray) -> np.ndarray:
    """Overhead per message at these rates, in bytes."""
    look = TRANSPORTS[transport]
    own: dict[str, Any] = {name: first_known(runs, name) for name in look.own}
    size = round(float(runs["payload"].sum() / runs["deliveries"].sum()))
    heads = heads_of(runs) if look.asks else None
    setting = Setting(first_known(runs, "rtt_ms") / 2000, rates, heads=heads, payload_bytes=size, **own)
    return np.asarray(MODELS[transport].overhead(setting))


def _finding(runs: pd.DataFrame) -> str:
    """From which rate on polling adds fewer bytes than another transport."""
    for name in ("websocket", "long-polling"):
        if rate := measured(runs, name, "polling"):
            words = TRANSPORTS[name].words
            return f"Above {times(rate)} messages/s, polling sends fewer bytes than {words}"
    return orders(runs, OVERHEAD, "adds the fewest bytes")


def _alt(runs: pd.DataFrame) -> str:
    parts = []
    for name, overheads in by_rate(runs).items():
        at = [f"{number(value)} B at {number(rate)}"
              for rate, value in zip(overheads.dropna().index, overheads.dropna(), strict=True)]
        parts.append(f"{TRANSPORTS[str(name)].title}: {listed(at)} messages/s")
    return "Overhead of a message over the message rate, logarithmic axes. " + "; ".join(parts) + "."
