"""Parameters and figures in words."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd

WORDS: dict[str, Callable[[Any], str]] = {
    "operation": str,
    "clients": lambda value: f"{value:,} client{'' if value == 1 else 's'}",
    "rate_hz": lambda value: f"{value:g} message{'' if value == 1 else 's'}/s",
    "arrivals": lambda value: f"{value} arrivals",
    "path": lambda value: "a path of packets" if value == "packets" else "the delay line",
    "loss_percent": lambda value: f"{value:g} % loss" if value else "no loss",
    "queue_packets": lambda value: f"a queue of {value:,} packets",
    "payload_bytes": lambda value: f"{value:,} B messages",
    "poll_interval_s": lambda value: f"every {value:g} s",
    "hold_s": lambda value: f"held {value:g} s",
    "rtt_ms": lambda value: f"{value:g} ms round trip" if value else "no added round trip",
    "link_mbps": lambda value: f"{value:g} Mbit/s",
    "header_profile": lambda value: f"{value} headers",
    "cookie_bytes": lambda value: f"{value:,} B cookies" if value else "no cookies added",
    "keep_alive": lambda value: "kept connections" if value else "a connection per request",
    "tls": lambda value: "TLS" if value else "no TLS",
    "deflate": lambda value: "deflate" if value else "no deflate",
    "fault": lambda value: f"fault: {value}",
}


REAL = "earthquakes"
"""What a message is where no run says its size."""


def describe(row: Mapping[str, Any], names: Iterable[str]) -> str:
    """These parameters of a run in words, "20 clients, 5 messages/s"; what does not apply is left out."""
    filled = {name: row[name] for name in names if not pd.isna(row[name]) and row[name] != ""}
    return ", ".join(WORDS[name](filled[name]) if name in filled else REAL for name in names
                     if name in filled or name == "payload_bytes")  # fmt: skip


def number(value: float | None) -> str:
    """Three significant digits, whole numbers whole, thousands grouped, "–" for nothing: 0.917, 31.4, 4, 1,240."""
    if value is None or pd.isna(value):
        return "–"
    if isinstance(value, int) or value == round(value) or abs(value) >= 99.95:
        return f"{value:,.0f}"
    places = 2 - math.floor(math.log10(abs(float(f"{value:.3g}"))))
    return f"{value:.{places}f}" if places < 6 else f"{value:.2g}"


def nonbreaking_units(text: str) -> str:
    """The text with its numbers tied to their units and intervals, so that no line ends between them."""
    return re.sub(r"(?<=\d) (?=(?:B|kB|ms|s|µs|%|: 1|Mbit/s)\b|[%:±])|(?<=±) (?=\d)", "\u00a0", text)


def listed(words: Sequence[str]) -> str:
    """Words as a list in a sentence: "a", "a and b", "a, b and c"; "none" if there are none."""
    if not words:
        return "none"
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


def times(ratio: float) -> str:
    """A factor in figures a listener remembers, never with an exponent: 1.4, 31, 540, 1,200,000."""
    return significant(ratio, 2)


def milliseconds(value: float) -> str:
    """A latency in ms in two significant digits: 0.95, 4.7, 510."""
    return significant(value, 2)


def significant(value: float, digits: int) -> str:
    """The number with `digits` significant digits, thousands grouped, no exponent."""
    return f"{Decimal(f'{value:.{digits}g}'):,f}" if math.isfinite(value) else f"{value:g}"


def distinct(values: Iterable[float]) -> list[str]:
    """The values in as few significant digits, from two on, as tell each from the others."""
    wanted = list(values)
    shown: list[str] = []
    for digits in range(2, 17):
        shown = [significant(value, digits) for value in wanted]
        if len(set(shown)) == len(set(wanted)):
            break
    return shown
