"""Lesson 2, counting the bytes."""

from __future__ import annotations

import math
from typing import Any

from lessons.check.mark import Check, near
from results.model import Heads

DAY = 24 * 3600


def megabytes_a_day(answer: Any, heads: Heads, interval: float) -> Check:
    """Heads of polls that bring nothing, in MB a day."""
    right = DAY / interval * (heads.request + heads.empty_response) / 1e6
    hints = {
        right * interval: "That is for a poll each second.",
        right / 24: "That is for an hour.",
        right * 1e6: "In bytes, right. In megabytes?",
        DAY / interval * heads.request / 1e6: "The responses have heads, too, though they bring nothing.",
        DAY / interval * (heads.request + heads.response) / 1e6: "A response that brings nothing has a shorter head.",
    }
    praise = f"{right:.3g} MB a day to learn that nothing has happened."
    return near(answer, right, praise, hints, "How many polls are there in a day, and what does each cost both ways?")


def share_of_empty_polls(answer: Any, rate: float, interval: float) -> Check:
    """e^(−λT)."""
    right = math.exp(-rate * interval)
    hints = {1 - right: "That is the share of polls that bring something.", rate * interval: "That is λT."}
    praise = f"e^(−λT): {100 * right:.1f} % of the polls bring nothing."
    return near(answer, right, praise, hints, "The chance that no message comes in an interval T is e^(−λT).", 0.0005)


def cheap_polling(answer: Any, heads_bytes: float, frame_bytes: float, interval: float) -> Check:
    """P/λT + 1 = f."""
    right = heads_bytes / ((frame_bytes - 1) * interval)
    hints = {heads_bytes / (frame_bytes * interval): "Nearly. But each message of a poll has a line end of its own.",
             right * interval: "That is how many messages a poll must bring. How many is that a second?"}  # fmt: skip
    praise = f"{right:.3g} messages/s: then {right * interval:.0f} share one poll."
    return near(answer, right, praise, hints, "How many messages must share the heads of one poll?", 0.03)


def ratio_on_ip(answer: Any, poll: float, frame: float, heads: float) -> Check:
    """With three segments and two."""
    right = (poll + 3 * heads) / (frame + 2 * heads)
    hints = {poll / frame: "That is without the segments.",
             (poll + heads) / (frame + heads): "A poll takes three segments, and a message two."}  # fmt: skip
    praise = f"{right:.1f} : 1, where it was {poll / frame:.0f} : 1."
    return near(answer, right, praise, hints, "Add the segments' headers above and below, then divide.", 0.02)
