"""Does it hold? `python -m loadtests.soak`, or `make soak`: attacks, then faults, then hours without any."""

import argparse
import json
import os
import random
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from loadtests.arguments import number, whole
from loadtests.runs.machine import machine, warn_of_others
from loadtests.runs.processes import RunFailed
from loadtests.soak.attacks import ATTACKS
from loadtests.soak.endurance import watch
from loadtests.soak.faults import SPACING_S, inject_faults
from loadtests.soak.impact import QUIET_S, run_attacks
from results.arguments import Parser
from results.report.soak import HEADS, rows
from results.table import write_text
from servers.serving.limits import raise_descriptors

SHOWN = 5  # of what went wrong in one part


def parser() -> argparse.ArgumentParser:
    p = Parser(prog="python -m loadtests.soak", description="Break connections, then watch for leaks.")
    p.add_argument("--attack-seconds", type=number(0), default=10.0, help="of each attack (10); 0: no attacks")
    p.add_argument("--faults", type=whole(0), default=10_000, help="how many (10,000); 0: none")
    p.add_argument("--feed", metavar="URL", help="while faults are injected, the servers' feed is in this Redis")
    p.add_argument("--processes", type=whole(1), default=1, help="how many server processes (1)")
    p.add_argument("--seconds", type=whole(0), default=7_200, help="of watching afterwards (7,200); 0: none")
    p.add_argument("--clients", type=whole(1), default=300, help="of each transport while watching (300)")
    p.add_argument("--seed", type=whole(0), help="of the faults (default: another each time; it is printed)")
    p.add_argument("--into", type=Path, metavar="FILE.json", help="keep the figures")
    return p


def soak(args: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Do what is wanted; return the figures, and what went wrong under "wrong"."""
    seed = random.randrange(2**32) if args.seed is None else args.seed
    console.print(f"seed {seed}")
    columns = (TextColumn("{task.description:<40}"), BarColumn(), TimeRemainingColumn(), TextColumn("left"))
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        attacked = args.attack_seconds and len(ATTACKS) * (QUIET_S + args.attack_seconds)
        attacking = progress.add_task(f"{len(ATTACKS)} attacks", total=attacked)
        breaking = progress.add_task(f"{args.faults:,} faults", total=args.faults * SPACING_S)
        watching = progress.add_task(f"{args.clients:,} clients of each transport", total=args.seconds)
        each = attacked / len(ATTACKS)
        attacks = run_attacks(args.attack_seconds, lambda: progress.advance(attacking, each)) if attacked else []
        found: dict[str, Any] = {"machine": machine("soak", "loadtests.soak")}
        found["attacks"] = [asdict(of) for of in attacks]
        wrong = faults_of(console, [line for of in attacks for line in of.wrong])
        if args.faults:
            several = ["--feed", args.feed, "--processes", str(args.processes)] if args.feed else []
            outcomes, done = inject_faults(args.faults, seed, lambda: progress.advance(breaking, SPACING_S), several)
            found["faults"] = {"seed": seed, "done": dict(done), "clients": [asdict(of) for of in outcomes]}
            wrong += faults_of(console, [line for of in outcomes for line in of.wrong])
        if args.seconds:
            watched = watch(args.clients, args.seconds, lambda seconds: progress.advance(watching, seconds))
            found["watched"] = {"seconds": args.seconds, **watched.figures()}
            wrong += faults_of(console, watched.wrong)
    return found | {"wrong": wrong}


def faults_of(console: Console, wrong: list[str]) -> list[str]:
    """What went wrong in one part; the first of it is said at once, and not hours later."""
    for line in wrong[:SHOWN]:
        console.print(f"soak: {line}", style="red", highlight=False)
    if (more := len(wrong) - SHOWN) > 0:
        console.print(f"soak: and {more:,} more", style="red", highlight=False)
    return wrong


def table(found: dict[str, Any]) -> Table:
    """The figures, as README has them."""
    tried = Table(*HEADS)
    for row in rows(found):
        tried.add_row(*row)
    return tried


def main(argv: list[str] | None = None) -> int:
    p, console = parser(), Console()
    args = p.parse_args(argv)
    if args.processes > 1 and not args.feed:
        p.error("several processes need a feed that they share: --feed redis://HOST:PORT/DB")
    if args.into and (args.into.is_dir() or not os.access(args.into.parent, os.W_OK)):
        p.error(f"--into {args.into}: no file can be written there")  # now, and not hours later
    raise_descriptors()
    warn_of_others("soak")
    try:
        found = soak(args, console)
    except RunFailed as error:
        print(f"soak: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("soak: interrupted", file=sys.stderr)
        return 130
    console.print(table(found))
    if args.into:
        write_text(args.into, json.dumps(found, indent=1))
    return 1 if found["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
