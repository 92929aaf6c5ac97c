"""What became of the clients of a transport."""

from dataclasses import dataclass, field


@dataclass
class Outcome:
    """How many there were, what they were told, and what must not be."""

    transport: str
    clients: int = 0
    deliveries: int = 0
    gaps: int = 0
    wrong: list[str] = field(default_factory=list)
