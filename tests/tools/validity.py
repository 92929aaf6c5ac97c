"""Why a run does not count, told apart from a machine that had something else to do."""

import re

MACHINE = re.compile(r"publisher [\d.]+ ms late at p99|generator .*|pages turned .*")


def but_for_the_machine(reason: str | None) -> list[str]:
    """The reasons why a run does not count, except that the machine was busy with something else."""
    return [part for part in (reason or "").split("; ") if part and not MACHINE.fullmatch(part)]
