"""A table in words, as report and lessons show it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Grid:
    """Its title, its headings, and its rows, each with its name first."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
