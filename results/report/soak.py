"""What was done to the servers by `make soak`, how often, and what was lost: a table, for README and terminal."""

from typing import Any

from results.transports import COMPARED
from results.words import listed, milliseconds

HEADS = (
    "tried",
    "99 % of messages to a healthy client within, ms: before → meanwhile",
    "server's memory, MiB: before → at most → afterwards",
    "messages lost",
)
MIB = 2**20
FAULTS = {
    "reset": "resets",
    "cut": "cuts of 0.1 to 5 s",
    "half-open": "times half-open",
    "paused": "pauses of 0.1 to 5 s",
    "killed": "kills of the server",
}


def rows(found: dict[str, Any]) -> list[list[str]]:
    """A row for each attack, one for all faults, one for the hours without any; cells as HEADS."""
    others = [tell(found[part]) for part, tell in (("faults", fault_row), ("watched", endurance_row)) if part in found]
    return [*map(attack_row, found["attacks"]), *others]


def attack_row(of: dict[str, Any]) -> list[str]:
    """An attack; of the three healthy clients, the one that was the latest meanwhile."""
    worst = max(COMPARED, key=of["during"].__getitem__)
    late = f"{milliseconds(1000 * of['before'][worst])} → {milliseconds(1000 * of['during'][worst])} ({worst})"
    memory = " → ".join(f"{size / MIB:.0f}" for size in of["rss"])
    return [f"{of['tried']:,} {of['attack'].replace('_', ' ')}", late, memory, lost(of["lost"])]


def fault_row(faults: dict[str, Any]) -> list[str]:
    """The faults, and what their clients were told."""
    done = listed([f"{faults['done'][kind]:,} {words}" for kind, words in FAULTS.items() if kind in faults["done"]])
    wrong = [line for of in faults["clients"] for line in of["wrong"]]
    gaps = sum(of["gaps"] for of in faults["clients"])
    told = f"{lost(wrong)} in silence, of {deliveries(faults):,}; {gaps:,} gaps told"
    return [f"{done}, with {clients(faults):,} clients", "", "", told]


def endurance_row(hours: dict[str, Any]) -> list[str]:
    """Clients that nothing happened to; memory in the middle third of the time, and in the last."""
    memory = " → ".join(f"{hours[part]['rss'] / MIB:.1f}" for part in ("before", "after"))
    wrong = [line for of in hours["clients"] for line in of["wrong"]]
    took = f"{clients(hours):,} clients for {hours['seconds'] / 60:g} min"
    return [took, "", f"{memory} (middle third → last)", f"{lost(wrong)} of {deliveries(hours):,}"]


def clients(part: dict[str, Any]) -> int:
    return sum(of["clients"] for of in part["clients"])


def deliveries(part: dict[str, Any]) -> int:
    return sum(of["deliveries"] for of in part["clients"])


def lost(wrong: list[str]) -> str:
    return f"**{len(wrong):,}**" if wrong else "none"
