"""What a delivery costs, and an idle WebSocket: this lab's server beside the same feed on other servers, then its load
generator beside another WebSocket user; `make benchmark`.

What counts is a contender's cost beside the lab's of the same round. Then come one, two and four processes with one
feed in Redis. With `--into` a results folder's machine.json keeps the medians, for the charts and the docs.
"""

import json
import statistics
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from loadtests.benchmark.bench import LOADS, PEERS, cpu_us_per_delivery, idle_kib
from loadtests.benchmark.generators import GENERATORS, generator_us_per_delivery
from loadtests.benchmark.processes import measure_processes
from loadtests.benchmark.rounds import lines, rounds
from loadtests.benchmark.slow_reader import slow_reader
from loadtests.runs.machine import commit, date, warn_of_others
from loadtests.runs.processes import RunFailed
from results.arguments import Parser
from results.cpu_breakdown import LAB
from results.table import TableError, read_machine, write_text
from servers.serving.limits import raise_descriptors

Medians = dict[str, float]


def contest(table: Table, what: str, names: Iterable[str], cost: Callable[[str], float], *first: str) -> Medians:
    """Let these take turns; add a row for each to the table, after the cells `first`, and return the medians."""
    found = rounds(names, cost, what)
    for line in lines(found):
        table.add_row(*first, *line)
    return {name: statistics.median(costs) for name, costs in found.items()}


def compare_servers(console: Console) -> dict[str, Medians]:
    """Show what a delivery costs each server."""
    table = Table("transport", "server", "µs of CPU a delivery", "this lab costs … times that")
    medians = {
        transport: contest(
            table, transport, (LAB, *PEERS[transport]), partial(cpu_us_per_delivery, transport), transport
        )
        for transport in LOADS
    }
    console.print(table)
    return medians


def compare_memory(console: Console) -> Medians:
    """Show what an open WebSocket that has nothing to do takes of each server's memory."""
    table = Table("server", "KiB an idle WebSocket", "this lab takes … times that")
    medians = contest(table, "memory", (LAB, *PEERS["websocket"]), idle_kib)
    console.print(table)
    return medians


def compare_generators(console: Console) -> None:
    """Show what a delivery costs this lab's load generator and a Locust user on websocket-client."""
    table = Table("the load generator", "µs of CPU a delivery", "this lab costs … times that")
    contest(table, "the generator", GENERATORS, generator_us_per_delivery)
    console.print(table)


def compare(console: Console, into: Path | None, only_processes: bool = False) -> None:
    """Show all comparisons; keep what the servers cost in the folder, if there is one. RunFailed, TableError."""
    machine = read_machine(into) if into else {}
    found: dict[str, Any] = machine.get("benchmark", {})
    if not only_processes:
        when = {"date": date(), "commit": commit()}
        found |= {"cpu_us_per_delivery": compare_servers(console), "idle_websocket_kib": compare_memory(console)} | when
    found["processes"] = measure_processes(console)
    if into:
        write_text(into / "machine.json", json.dumps(machine | {"benchmark": found}, indent=1) + "\n")
    if not only_processes:
        slow_reader(console)
        compare_generators(console)


def main() -> int:
    p = Parser(prog="make benchmark", description=__doc__)
    p.add_argument("--into", type=Path, metavar="FOLDER", help="a results folder whose machine.json keeps the medians")
    p.add_argument("--processes", action="store_true", help="only several processes with one feed")
    args = p.parse_args()
    raise_descriptors()
    warn_of_others("benchmark")
    try:
        compare(Console(), args.into, args.processes)
    except (RunFailed, TableError) as error:
        print(f"benchmark: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
