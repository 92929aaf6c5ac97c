"""`python -m results claims|charts|report|advise|readme [FOLDER]`: what can be made of any results folder."""

from __future__ import annotations

import os
import signal


def interrupted(*_: object) -> None:
    """Ctrl-C while all this is imported: there is nothing yet to be ended in order."""
    os.write(2, b"results: interrupted\n")
    os._exit(130)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, interrupted)

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from results import folders
from results.arguments import Parser
from results.output import write_plainly

if TYPE_CHECKING:
    from results.table import Results

# Each action imports what it needs, so that a usage line does not wait for pandas and matplotlib.


def show_claims(results: Results, _: argparse.Namespace) -> None:
    """Print every claim with its verdict and the numbers it rests on."""
    from results import claims
    from results.terminal import Terminal, terminal_verdicts

    console = Terminal(highlight=False)
    found = claims.verdicts(results.runs, results.observations)
    console.print(terminal_verdicts(found), claims.counted(found), sep="\n")


def show_charts(results: Results, chosen: argparse.Namespace) -> None:
    """Draw the charts, print their paths, and say which could not be drawn; those for a talk go to `talk/`."""
    from results import figures

    with figures.for_a_talk() if chosen.talk else nullcontext():
        drawn, skipped = figures.draw_all(results)
    for path in figures.save(drawn, results.folder, "talk" if chosen.talk else "charts"):
        print(folders.shown(path))
    for skip in skipped:
        print(f"skipped {skip.name}: {skip.reason}", file=sys.stderr)


def show_report(results: Results, _: argparse.Namespace) -> None:
    """Write the report and print its path."""
    from results import figures, report, table

    print(folders.shown(report.write(results, figures.draw_all(results), table.read_if_there(folders.REFERENCE))))


def write_readme(results: Results, _: argparse.Namespace) -> None:
    """Put the results' numbers into README and docs."""
    from results.report import readme

    readme.write(Path(), results)


def advise(results: Results, chosen: argparse.Namespace) -> None:
    """Print which transport a workload wants, from the costs of the results; what these lack the reference has."""
    from results import advice, table
    from results.advice.words import advice_in_words
    from results.processes import known_redis_costs
    from results.terminal import Terminal

    reference = table.read_if_there(folders.REFERENCE)
    costs, source = advice.best_costs([results, reference], chosen.header_profile)
    given = {name: getattr(chosen, name) for name in [*WORKLOAD.values(), "tls"] if getattr(chosen, name) is not None}
    words = advice_in_words(advice.Workload(**given), costs, source, redis=known_redis_costs([results, reference]))
    Terminal(highlight=False).print(words)


ACTIONS: dict[str, Callable[[Results, argparse.Namespace], None]] = {
    "claims": show_claims,
    "charts": show_charts,
    "report": show_report,
    "advise": advise,
    "readme": write_readme,
}
WORKLOAD = {  # option: the field of a workload
    "--clients": "clients",
    "--rate": "rate_hz",
    "--size": "payload_bytes",
    "--poll-interval": "poll_interval_s",
    "--rtt": "rtt_ms",
    "--cookie-bytes": "cookie_bytes",
    "--within-ms": "within_ms",
}


MAY_BE_NONE = ("rtt_ms", "cookie_bytes")


def positive(field: str) -> Callable[[str], Any]:
    """A reader of the numbers that a field of a workload may be: above 0, or from 0 on."""
    kind: Callable[[str], Any] = int if field in ("clients", "payload_bytes", "cookie_bytes") else float

    def value(text: str) -> Any:
        if not 0 <= (found := kind(text)) < math.inf or found == 0 and field not in MAY_BE_NONE:
            raise ValueError(text)
        return found

    value.__name__ = "positive number"  # as argparse calls what it could not read
    return value


def parser() -> argparse.ArgumentParser:
    whole = Parser(prog="python -m results", description=__doc__)
    actions = whole.add_subparsers(dest="action", required=True)
    own = {action: actions.add_parser(action) for action in ACTIONS}
    for each in own.values():
        each.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="default: results/latest or reference")
    own["charts"].add_argument("--talk", action="store_true", help="larger letters, for a projector, into talk/")
    for option, field in WORKLOAD.items():
        own["advise"].add_argument(option, type=positive(field), dest=field)
    own["advise"].add_argument("--tls", action="store_true", default=None)
    own["advise"].add_argument("--header-profile", default="browser")
    return whole


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one action; returns the exit status: 0, 1 for a failure, 130 after Ctrl-C. Wrong usage exits with 2."""
    write_plainly()
    chosen = parser().parse_args(arguments)
    try:
        return run(chosen)
    except KeyboardInterrupt:
        return 130


def run(chosen: argparse.Namespace) -> int:
    """Read the folder and run the action; returns the exit status."""
    from results import table
    from results.select import NotMeasured

    try:
        results = table.read(chosen.folder or folders.default() or folders.PLACES[-1])
        ACTIONS[chosen.action](results, chosen)
        sys.stdout.flush()
    except BrokenPipeError:  # `| head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (table.TableError, NotMeasured, OSError) as error:
        print(f"python -m results: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main())
