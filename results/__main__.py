"""`python -m results claims|charts|report|readme [FOLDER]`: what there is to be had from any results folder."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import rich.console
import rich.padding
import rich.text

from results import charts, claims, readme, report, table


def default_folder() -> Path:
    """The last run if there is one, else the one that comes with the lab."""
    latest = Path("results/latest")
    return latest if (latest / "runs.csv").is_file() else Path("results/reference")


def show_claims(folder: Path) -> None:
    """Print every claim with its verdict and the numbers it rests on."""
    console = rich.console.Console(highlight=False)
    for verdict in claims.verdicts(folder):
        console.print(rich.text.Text.assemble((f"{verdict.claim.id:<4}", "bold"), verdict.claim.words))
        for words, style in ((verdict.verdict, "bold"), *((words, "") for words in verdict.numbers)):
            console.print(rich.padding.Padding(rich.text.Text(words, style=style), (0, 0, 0, 4)))


def show_charts(folder: Path) -> None:
    """Draw the charts, print their paths, and say which could not be drawn."""
    drawn, skipped = charts.draw_all(folder)
    for path in charts.save(drawn, folder):
        print(path)
    for skip in skipped:
        print(f"skipped {skip.name}: {skip.reason}", file=sys.stderr)


def show_report(folder: Path) -> None:
    """Write the report and print its path."""
    print(report.write(folder))


def write_readme(folder: Path) -> None:
    """Put the folder's numbers into the README."""
    readme.write(Path("README.md"), folder)


ACTIONS: dict[str, Callable[[Path], None]] = {
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
        ACTIONS[chosen.action](chosen.folder or default_folder())
    except (table.TableError, OSError) as error:
        print(f"python -m results: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
