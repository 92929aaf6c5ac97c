"""What a check cell says of an answer: right, or what to look at. It never raises, and grades no milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

RIGHT, WRONG, OPEN = "✔", "✘", "…"
COLOUR = {RIGHT: "#E3F4E8", WRONG: "#FCE8DC", OPEN: "#EEEEEE"}


@dataclass(frozen=True)
class Check:
    """An answer's mark, and a sentence that helps; shown by a notebook."""

    mark: str
    words: str

    @property
    def passed(self) -> bool:
        return self.mark == RIGHT

    def __repr__(self) -> str:
        return f"{self.mark} {self.words}"

    def _repr_markdown_(self) -> str:
        return (f'<div style="background:{COLOUR[self.mark]};color:#111111;padding:8px 12px;font-size:17px">'
                f"<b>{self.mark}</b> {self.words}</div>")  # fmt: skip


UNANSWERED = Check(OPEN, "No answer yet: put yours in place of None, and run the cell again.")


def graded(answer: Any, right: Any, praise: str, hints: dict[Any, str], otherwise: str) -> Check:
    """`answer` against the right one; `hints` are for answers that are wrong in a known way, by the answer.

    None, or a collection with None in it, is no answer yet.
    """
    if unanswered(answer):
        return UNANSWERED
    if same(answer, right):
        return Check(RIGHT, praise)
    return Check(WRONG, next((hint for wrong, hint in hints.items() if same(answer, wrong)), otherwise))


def unanswered(answer: Any) -> bool:
    return answer is None or isinstance(answer, (list, tuple)) and any(each is None for each in answer)


def same(answer: Any, right: Any) -> bool:
    """Equal; numbers and collections of whatever kind."""
    try:
        if isinstance(right, (list, tuple)):
            return list(answer) == list(right)
        return bool(answer == right)
    except (TypeError, ValueError):
        return False


def number_in(answer: Any) -> float | Check:
    """The answer as a number; or what there is to say where it is none."""
    if unanswered(answer):
        return UNANSWERED
    try:
        value = float(answer)
    except (TypeError, ValueError):
        return Check(WRONG, f"A number is asked for, and this is {type(answer).__name__}.")
    if value != value:
        return Check(WRONG, "This is not a number: was something divided by nothing?")
    return value


def between(answer: Any, low: float, high: float, praise: str, below: str, above: str) -> Check:
    """A number in a band, ends included; what is below or above it gets a hint of its own."""
    value = number_in(answer)
    if isinstance(value, Check):
        return value
    if low <= value <= high:
        return Check(RIGHT, praise)
    return Check(WRONG, below if value < low else above)


def near(answer: Any, right: float, praise: str, hints: dict[float, str], otherwise: str, within: float = 0.1) -> Check:
    """A number against the right one, give or take a share of it; `hints` are for those wrong in a known way."""
    value = number_in(answer)
    if isinstance(value, Check):
        return value
    if abs(value - right) <= within * abs(right):
        return Check(RIGHT, praise)
    known = (hint for wrong, hint in hints.items()
             if abs(value - wrong) <= 0.02 * abs(wrong) and abs(value - wrong) < abs(value - right))  # fmt: skip
    return Check(WRONG, next(known, otherwise))
