"""`python -m results claims|charts|report|readme [FOLDER]`: what can be made of any results folder."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import rich.console
import rich.padding
import rich.text

from results import claims, figures, folders, report, table
from results.report import readme
from results.table import Results


def show_claims(results: Results) -> None:
    """Print every claim with its verdict and the numbers it rests on."""
    console = rich.console.Console(highlight=False)
    for verdict in claims.verdicts(results.runs):
        console.print(rich.text.Text.assemble((f"{verdict.claim.id:<4}", "bold"), verdict.claim.words))
        for words, style in ((verdict.verdict, "bold"), *((words, "") for words in verdict.numbers)):
            console.print(rich.padding.Padding(rich.text.Text(words, style=style), (0, 0, 0, 4)))


def show_charts(results: Results) -> None:
    """Draw the charts, print their paths, and say which could not be drawn."""
    drawn, skipped = figures.draw_all(results)
    for path in figures.save(drawn, results.folder):
        print(folders.shown(path))
    for skip in skipped:
        print(f"skipped {skip.name}: {skip.reason}", file=sys.stderr)


def show_report(results: Results) -> None:
    """Write the report and print its path."""
    print(folders.shown(report.write(results, figures.draw_all(results), table.read_if_there(folders.REFERENCE))))


def write_readme(results: Results) -> None:
    """Put the results' numbers into the README."""
    readme.write(Path("README.md"), results)


ACTIONS: dict[str, Callable[[Results], None]] = {
    "claims": show_claims,
    "charts": show_charts,
    "report": show_report,
    "readme": write_readme,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one action; returns the exit status: 0, 1 for a failure, 130 after Ctrl-C. Wrong usage exits with 2."""
    parser = argparse.ArgumentParser(prog="python -m results", description=__doc__)
    parser.add_argument("action", choices=ACTIONS, help="what to make of the runs")
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="default: results/latest or reference")
    chosen = parser.parse_args(arguments)
    try:
        ACTIONS[chosen.action](table.read(chosen.folder or folders.default() or folders.PLACES[-1]))
    except (table.TableError, OSError) as error:
        print(f"python -m results: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
