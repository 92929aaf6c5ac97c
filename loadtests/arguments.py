"""Readers of option values: a number in a range, or one line that says what it is not."""

import math
from argparse import ArgumentTypeError
from collections.abc import Callable


def whole(least: int) -> Callable[[str], int]:
    """A whole number from `least` on."""

    def value(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise ArgumentTypeError(f"{text} is not a whole number from {least}")
        return int(text)

    return value


def number(least: float, most: float = math.inf) -> Callable[[str], float]:
    """A number from `least` to `most`, never infinity."""
    wanted = f"a number from {least:g}" + ("" if most == math.inf else f" to {most:g}")

    def value(text: str) -> float:
        if not least <= float(text) <= most or math.isinf(float(text)):
            raise ArgumentTypeError(f"{text} is not {wanted}")
        return float(text)

    return value
