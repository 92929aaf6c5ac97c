"""One thing that was seen, as a row of `observations.csv`."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Observation:
    """What was looked at for a claim, under which condition, and what was seen; `unit` is empty for words."""

    claim: str
    quantity: str
    value: str
    unit: str = ""
    condition: str = ""

    def row(self) -> dict[str, str]:
        return asdict(self)
