"""What live cells gave when the lessons were made: shown where nothing can be started.

PUSH_LAB_LIVE in the environment says what is started. With 1, everything is measured here. With 0, nothing is started.
Without it, servers and Locust are started, and the runs of the comparison come with the lab.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable
from typing import Any

from results.folders import REFERENCE
from results.table import write_text

SWITCH, KEEP = "PUSH_LAB_LIVE", "PUSH_LAB_KEEP"
FILE = REFERENCE / "lessons.json"


class NothingStarted(Exception):
    """Nothing may be started, or nothing can be."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


def live() -> bool:
    """Whether the runs of the comparison are measured here, unless a cell says otherwise."""
    return os.environ.get(SWITCH) == "1"


def check_startable() -> None:
    """NothingStarted where the environment forbids it."""
    if os.environ.get(SWITCH) == "0":
        raise NothingStarted(f"{SWITCH} is 0")


def recorded_or(key: str, here: Callable[[], Any]) -> Any:
    """What `here` gives, as JSON has it; or, where nothing can be started, what it gave when the lessons were made."""
    try:
        found = here()
    except (NothingStarted, OSError) as error:
        recordings = everything()
        if key not in recordings:
            raise NothingStarted(f"Nothing can be started here ({error}), and there is no recording of this.") from None
        print("Recorded when this lesson was made: nothing can be started here.")
        return recordings[key]
    if os.environ.get(KEEP):
        kept = dict(sorted((everything.__wrapped__() | {key: found}).items()))  # rows stay in their own order
        write_text(FILE, json.dumps(kept, indent=0))
    return found


@functools.cache
def everything() -> dict[str, Any]:
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
