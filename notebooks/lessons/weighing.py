"""Lesson 2: overhead per message by the model, over the message rate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lessons.shown.sliders import Explorer, slider
from results import model
from results.crossings import heads_of
from results.figures.layout import Chart, freeze_layout, logarithmic, name_ends, new_figure, styled
from results.model import Heads, ModelError, crossing
from results.transports import COMPARED, TRANSPORTS
from results.words import number

RATES = np.geomspace(0.02, 50, 200)
HOLD_S = 25.0
MESSAGE_BYTES = 142


def weigh(runs: pd.DataFrame) -> Explorer:
    """Sliders for poll interval, round trip and cookies, with the heads of these runs."""
    polls = runs[runs["transport"] == "polling"]
    bare = heads_of(polls[polls["cookie_bytes"].fillna(0) == 0])

    def draw(interval: float, rtt_ms: int, cookies: int) -> Chart:
        return weighed(interval, rtt_ms, Heads(bare.request + cookies, bare.empty_response, bare.response))

    return Explorer(draw, {
        "interval": slider("polls every", [0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0], 2.0, " s"),
        "rtt_ms": slider("round trip", [0, 20, 50, 100, 200, 500], 50, " ms"),
        "cookies": slider("cookies", [0, 64, 256, 1024, 4096], 0, " B"),
    })  # fmt: skip


@styled
def weighed(interval: float, rtt_ms: float, heads: Heads) -> Chart:
    """The three overheads, and from which rate long polling costs more than polling."""
    one_way = rtt_ms / 2000
    curves: dict[str, Any] = {
        "polling": model.polling_overhead(RATES, interval, heads),
        "long-polling": model.long_polling_overhead(one_way, RATES, HOLD_S, heads),
        "websocket": np.full_like(RATES, model.websocket_overhead(MESSAGE_BYTES)),
    }
    title = compared(model.crossover_rate(one_way, interval, HOLD_S, heads=heads), equal_to_a_frame(interval, heads))
    note = f"Computed, no run: polls every {interval:g} s, round trip {rtt_ms:g} ms, "
    note += f"requests of {heads.request:,.0f} B, responses of {heads.response:,.0f} B, messages of {MESSAGE_BYTES} B, "
    note += "Poisson arrivals. Joining is not included."
    figure = new_figure(title, note)
    axes = figure.subplots()
    for name in COMPARED:
        axes.plot(RATES, curves[name], color=TRANSPORTS[name].colour)
    logarithmic(axes)
    axes.set(xlabel="messages a second", ylabel="bytes beside each message", xlim=(RATES[0], RATES[-1] * 8))
    freeze_layout(figure)
    name_ends(axes, RATES[-1], {name: float(curve[-1]) for name, curve in curves.items()})
    alt = f"Overhead per message over the message rate, both axes logarithmic. {title}."
    return Chart("weighed", figure, title, alt)


def compared(long_polling_from: float, websocket_from: float | None) -> str:
    """From which rates on, messages a second, which transport has more overhead than polling, among the rates drawn."""
    least, most = float(RATES[0]), float(RATES[-1])
    late = "" if websocket_from is None or websocket_from > most else f"WebSocket above {number(websocket_from)}"
    if least < long_polling_from < most:
        said = f"Long polling costs more than polling above {number(long_polling_from)} messages/s"
        return f"{said}, {late}" if late else said
    said = f"Long polling {'always' if long_polling_from <= least else 'never'} costs more than polling"
    return f"{said}, {late} messages/s" if late else said


def equal_to_a_frame(interval: float, heads: Heads) -> float | None:
    """The rate from which polling has no more overhead than a WebSocket; None if that is beyond the model."""
    frame_bytes = model.websocket_overhead(MESSAGE_BYTES)
    try:
        return crossing(lambda _: frame_bytes, lambda rate: model.polling_overhead(rate, interval, heads), 1e-3, 1e5)
    except ModelError:
        return None
