"""Where along one quantity a claim begins to hold, or ceases to: from the cases that were measured, and no others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from results.words import distinct, listed

MORE, LESS = "more", "less"
"""Which side of its boundary a claim is expected to hold on, by the model."""


def condition(preposition: str, found: Mapping[str, Boundary]) -> str:
    """Where a claim holds: "for polling above 520–730 B"; names for which it holds nowhere are left out."""
    return listed([f"{preposition} {name} {each.condition}" for name, each in found.items() if each.holds_anywhere])


def boundary_rows(found: Mapping[str, Boundary]) -> tuple[tuple[str, str], ...]:
    """A row for each boundary: between which measured values it lies."""
    return tuple((f"boundary, {name}", str(each)) for name, each in found.items())


@dataclass(frozen=True)
class Boundary:
    """The cases of a claim along one quantity: at which value each was measured, and whether the claim held there.

    `unit` names the quantity ("messages in a round trip"); `expected` is the side on which the model has it hold.
    """

    cases: tuple[tuple[float, bool], ...]
    unit: str
    expected: str = MORE

    @classmethod
    def of(cls, cases: Iterable[tuple[float, bool]], unit: str, expected: str = MORE) -> Boundary:
        """The same from cases in any order; ValueError for none."""
        ordered = tuple(sorted(cases))
        if not ordered:
            raise ValueError("a boundary needs a case")
        return cls(ordered, unit, expected)

    @property
    def holds_anywhere(self) -> bool:
        return any(held for _, held in self.cases)

    @property
    def condition(self) -> str:
        """Where the claim holds, in a few words: "above 0.1–0.2 messages per round trip"."""
        no, yes = self._side(False), self._side(True)
        if no and yes and self._separated():
            above = max(no) < min(yes)
            edges = (max(no), min(yes)) if above else (max(yes), min(no))
            return f"{'above' if above else 'below'} {'–'.join(distinct(edges))} {self.unit}"
        ends = distinct(dict.fromkeys([min(no + yes), max(no + yes)]))
        if len(ends) == 1:
            return f"{'' if yes else 'not '}at {ends[0]} {self.unit}"
        where = "in places from" if no and yes else "throughout" if yes else "nowhere in"
        return f"{where} {'–'.join(ends)} {self.unit}"

    def __str__(self) -> str:
        """The evidence in words: between which two values it changes, or that it lies outside those measured."""
        no, yes = self._side(False), self._side(True)
        if not no or not yes:
            return self._outside(yes or no, bool(yes))
        if not self._separated():
            marks = {place: {held for at, held in self.cases if at == place} for place, _ in self.cases}
            shown = dict(zip(marks, distinct(marks), strict=True))
            said = [f"{shown[place]} ({' and '.join('yes' if each else 'no' for each in sorted(held))})"
                    for place, held in marks.items()]  # fmt: skip
            return f"in no clear order: at {listed(said)} {self.unit}"
        edges = (max(no), min(yes)) if max(no) < min(yes) else (max(yes), min(no))
        low, high = distinct(edges)
        marks_of = ("no", "yes") if edges[0] in no else ("yes", "no")
        return f"the boundary lies between {low} ({marks_of[0]}) and {high} ({marks_of[1]}) {self.unit}"

    def _side(self, held: bool) -> list[float]:
        return [place for place, each in self.cases if each is held]

    def _separated(self) -> bool:
        no, yes = self._side(False), self._side(True)
        return max(no) < min(yes) or max(yes) < min(no)

    def _outside(self, places: list[float], held: bool) -> str:
        """All cases agree: the boundary is beyond the end that the model expects it at."""
        shown = distinct(sorted({min(places), max(places)}))
        where = " to ".join(shown)
        below = (self.expected == MORE) is held
        end = f"below {shown[0]}" if below else f"above {shown[-1]}"
        return f"{'yes' if held else 'no'} at {where} {self.unit}, so the boundary lies {end}"
