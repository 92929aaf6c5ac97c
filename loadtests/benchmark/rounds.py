"""Contenders that take turns, so that a slow minute of the machine meets all of them."""

import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from rich.progress import track

from results.cpu_breakdown import LAB

ROUNDS = 5


def rounds(names: Iterable[str], cost: Callable[[str], float], what: str) -> dict[str, list[float]]:
    """What each of these costs, by turns, with a progress bar."""
    found = defaultdict(list)
    for name in track([name for _ in range(ROUNDS) for name in names], f"{what:<13}"):
        found[name].append(cost(name))
    return found


def lines(found: dict[str, list[float]]) -> Iterator[tuple[str, str, str]]:
    """For each contender its name, its costs, and the lab's beside them in the same rounds."""
    for name, costs in found.items():
        ratios = [lab / cost for lab, cost in zip(found[LAB], costs, strict=True)]
        yield name, spread(costs), "" if name == LAB else spread(ratios)


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"
