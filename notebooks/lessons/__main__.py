"""`python -m lessons`: make the notebooks from their source, their solutions, and the site of them all."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import nbformat
from rich.console import Console
from rich.progress import track

from lessons.editions import build
from lessons.editions.site import write_site

SOLUTIONS = build.NOTEBOOKS / "solutions"
SITE = build.NOTEBOOKS / "site"
CLASS = build.NOTEBOOKS / "class"


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(prog="python -m lessons", description="Make the lessons from their source.")
    p.add_argument("what", choices=["notebooks", "class", "solutions", "site"], help="what to make")
    p.add_argument("lessons", nargs="*", metavar="LESSON", help="some of them, as 01 (default: all)")
    p.add_argument("--out", type=Path, help="where to (solutions: notebooks/solutions, site: notebooks/site)")
    p.add_argument("--live", action="store_true", help="measure on this machine instead of showing recorded runs")
    p.add_argument("--keep", action="store_true", help="keep what live cells give, for where nothing can be started")
    return p


def write_class_edition(folder: Path, chosen: list[str]) -> Path:
    """Write the lessons for a class, and return the folder; what a student has there already stays as it is."""
    for name in chosen:
        if not (path := folder / f"{name}.ipynb").exists():
            committed = nbformat.read(build.NOTEBOOKS / f"{name}.ipynb", as_version=4)
            build.write(build.for_a_class(committed), path)
    return folder


def main(argv: list[str] | None = None) -> int:
    p = parser()
    args = p.parse_args(argv)
    known = build.names()
    chosen = [name for name in known if not args.lessons or name[:2] in {each[:2] for each in args.lessons}]
    if not chosen:
        p.error(f"there is no lesson {' '.join(args.lessons)}; there are {', '.join(name[:2] for name in known)}")
    if args.what == "site":
        print(write_site(args.out or SITE))
        return 0
    if args.what == "class":
        print(write_class_edition(args.out or CLASS, chosen))
        return 0
    solved = args.what == "solutions"
    folder = args.out or (SOLUTIONS if solved else build.NOTEBOOKS)
    for name in track(chosen, args.what, console=Console(stderr=True)):
        notebook = build.executed(build.edition(name, solved), args.live, args.keep)
        build.write(notebook, folder / f"{name}.ipynb")
    return 0


if __name__ == "__main__":
    sys.exit(main())
