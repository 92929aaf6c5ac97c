"""The observations of the experiment `protocol`: made by a process of their own."""

from collections.abc import Iterator
from contextlib import ExitStack

from loadtests.runs.processes import start
from loadtests.runs.progress import Bar

PART_TIMEOUT = 60.0  # seconds that one part of the observations may take


def observe(bar: Bar, expected_s: float) -> Iterator[dict[str, str]]:
    """Look at everything; the rows of `observations.csv`. The bar notes what cannot be observed here, and why.

    RunFailed if the process ends or falls silent before it is done.
    """
    with ExitStack() as children:
        looking = start(children, "the observer", ["-m", "loadtests.observe"])
        done, left = 0, 1
        while left:
            part = looking.expect_object("seen", PART_TIMEOUT)
            done, left = done + 1, part["left"]
            bar.advance(expected_s / (done + left))
            if part["missing"]:
                bar.note(part["missing"])
            yield from part["seen"]
