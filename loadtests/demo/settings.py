"""What can be changed while the demonstration runs. No I/O."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

RANGES = {
    "poll_interval_s": (0.1, 60.0), "rate_hz": (0.1, 50.0), "rtt_ms": (0.0, 2000.0), "link_mbps": (0.0, 1000.0),
    "cookie_bytes": (0, 4000),
}  # fmt: skip
UNITS = {"poll_interval_s": "s", "rate_hz": "messages/s", "rtt_ms": "ms", "link_mbps": "Mbit/s", "cookie_bytes": "B"}
WORDS = {"poll_interval_s": "the poll interval", "rate_hz": "the message rate", "rtt_ms": "the round trip",
         "link_mbps": "the link's rate", "cookie_bytes": "the cookies"}  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """How often polls and messages come, how far and how slow the link is (0: no limit), how long cookies are."""

    poll_interval_s: float = 2.0
    rate_hz: float = 2.0
    rtt_ms: float = 100.0
    link_mbps: float = 0.0
    cookie_bytes: int = 0
    paused: bool = False

    def changed(self, values: dict[str, Any]) -> Settings:
        """The same with these values; ValueError, in one line, for a name or a value that is none."""
        known = {field.name for field in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"there is no setting {name!r}")
            check(name, value)
        return replace(self, **values)


def check(name: str, value: Any) -> None:
    """Raise ValueError for a value that a setting cannot have."""
    if name == "paused":
        if not isinstance(value, bool):
            raise ValueError("paused is true or false")
        return
    least, most = RANGES[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value) or not least <= value <= most:
        raise ValueError(f"{WORDS[name]} is from {least:g} to {most:g} {UNITS[name]}, not {value!r}")
