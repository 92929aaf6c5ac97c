"""Readers of option values: a number in a range, or one line that says what it is not."""

import math
from argparse import ArgumentTypeError
from collections.abc import Callable

from loadtests.headers.profiles import cookie


def whole(least: int, most: float = math.inf) -> Callable[[str], int]:
    """A whole number from `least` to `most`."""
    wanted = f"a whole number from {least:,}" + ("" if most == math.inf else f" to {most:,}")

    def value(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise ArgumentTypeError(f"{text} is not {wanted}")
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


def cookie_bytes(text: str) -> int:
    """The bytes of a Cookie line that can be made, or 0 for none."""
    try:
        return len(f"Cookie: {cookie(int(text))}\r\n") if text != "0" else 0
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None
