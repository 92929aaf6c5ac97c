"""The command line of the load comparison and of its delay line's calibration: `python -m loadtests [EXPERIMENT …]`."""

import os
import signal


def interrupted(*_: object) -> None:
    """Ctrl-C while all this is imported: there is nothing yet to be ended in order."""
    os.write(2, b"loadtests: interrupted\n")
    os._exit(130)


import sys

if __name__ == "__main__":
    signal.signal(signal.SIGINT, interrupted)
    if sys.argv[1:2] == ["demo"]:  # before anything else is imported: it patches the process with gevent
        from loadtests.demo.__main__ import main as demo

        sys.exit(demo(sys.argv[2:]))
    if sys.argv[1:2] == ["worker"] and len(sys.argv) == 3:
        from loadtests.runs.hosts import work

        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.exit(work(sys.argv[2]))

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from loadtests.arguments import cookie_bytes, number, whole
from loadtests.experiments import EXPERIMENTS, PROFILES, workload
from loadtests.experiments.run import PACKETS, RELAY, Run
from loadtests.headers.profiles import PROFILES as HEADER_PROFILES
from loadtests.listing import listing, sizes_of
from loadtests.runs.machine import warn_of_others
from loadtests.runs.partial import FolderLocked
from loadtests.runs.processes import RunFailed
from results.arguments import Parser
from results.folders import ROOT, shown
from results.output import write_plainly
from servers.sources import SMALLEST

if TYPE_CHECKING:
    from loadtests.runs.hosts import Hosts
    from results.table import Results

CALIBRATION = "calibration"  # of the delay line: no experiment, nothing is compared
WIDTH = 100  # columns of output that is not a terminal
LATEST = Path("results/latest")
LARGEST = 16 * 2**20  # bytes of a message: as much as /echo takes
WORKLOAD = {  # option: the parameter of a run it sets
    "clients": "clients",
    "rate": "rate_hz",
    "size": "payload_bytes",
    "poll_interval": "poll_interval_s",
    "rtt": "rtt_ms",
    "duration": "duration_s",
    "cookie_bytes": "cookie_bytes",
    "header_profile": "header_profile",
    "tls": "tls",
    "deflate": "deflate",
    "path": "path",
    "loss": "loss_percent",
    "queue": "queue_packets",
    "mbit": "link_mbps",
}
WORKLOAD_SECONDS = {"quick": 8.0, "standard": 20.0, "full": 60.0}


def parser() -> argparse.ArgumentParser:
    p = Parser(prog="python -m loadtests", description="Compare the three transports under load.")
    names = f"{', '.join(EXPERIMENTS)} (default: all); or {CALIBRATION} of the delay line; or demo, live in a browser"
    p.add_argument("experiments", nargs="*", metavar="EXPERIMENT", help=names)
    p.add_argument("--profile", choices=PROFILES, help="how thoroughly (default quick)")
    p.add_argument("--out", type=Path, metavar="results/NAME", help=f"where to (default {LATEST}, which is replaced)")
    begun = p.add_mutually_exclusive_group()
    begun.add_argument("--resume", action="store_true", help="go on with what was interrupted")
    begun.add_argument("--restart", action="store_true", help="begin anew, without what was interrupted")
    p.add_argument("--list", action="store_true", help="show the experiments, their runs and seconds")
    own = p.add_argument_group("your own workload, instead of experiments")
    own.add_argument("--clients", type=whole(1), help="how many follow the feed (5)")
    own.add_argument("--rate", type=number(0.01), help="messages a second (10)")
    own.add_argument("--size", type=whole(SMALLEST, LARGEST), help="bytes of a message (142)")
    own.add_argument("--poll-interval", type=number(0.01, 3600), help="seconds from poll to poll (1)")
    own.add_argument("--rtt", type=number(0, 1000), help="milliseconds of round trip to add (0)")
    own.add_argument("--duration", type=number(0.5, 86_400), help="seconds that are measured (8, 20 or 60, by profile)")
    own.add_argument("--cookie-bytes", "--cookies", type=cookie_bytes, help="bytes of the Cookie line (0: none)")
    own.add_argument("--header-profile", choices=list(HEADER_PROFILES), help="what field lines are sent (browser)")
    own.add_argument("--mbit", type=number(0.01, 100_000), help="rate of the link in Mbit/s (no limit)")
    own.add_argument("--path", choices=[RELAY, PACKETS], help=f"{PACKETS}: real ones ({RELAY}: the delay line)")
    own.add_argument("--loss", type=number(0, 50), metavar="PERCENT", help=f"lost; with --path {PACKETS} (0)")
    own.add_argument("--queue", type=whole(1), metavar="PACKETS", help="that wait for the link's rate; likewise (1000)")
    own.add_argument("--hosts", type=whole(1), metavar="N", help="other hosts that play the clients; each runs "
                     "`python -m loadtests worker ADDRESS` (docs/hosts.md)")  # fmt: skip
    own.add_argument("--address", metavar="ADDRESS", help="of this host, at which they reach it")
    own.add_argument("--within-ms", type=number(0.1), help="milliseconds within which 9 messages in 10 must arrive")
    own.add_argument("--tls", action="store_true", default=None, help="over TLS")
    own.add_argument("--deflate", action="store_true", default=None, help="messages compressed")
    return p


def plan_of(args: argparse.Namespace, p: argparse.ArgumentParser) -> tuple[list[Run], float]:
    """The runs that the command line asks for, and the seconds that it gives to observations."""
    profile = args.profile or "quick"
    given, path = workload_of(args), path_of(args, p)
    if args.experiments and (given.keys() - path.keys() or args.within_ms):
        p.error("experiments have their own parameters: give either EXPERIMENT or a workload")
    if not args.experiments and (given or args.within_ms):
        return workload(**{"duration_s": WORKLOAD_SECONDS[profile]} | given), 0.0
    for name in args.experiments:
        if name not in EXPERIMENTS:
            p.error(f"there is no experiment {name}: they are {', '.join(EXPERIMENTS)}; and {CALIBRATION}")
    chosen = [EXPERIMENTS[name] for name in dict.fromkeys(args.experiments or EXPERIMENTS)]
    runs = [replace(run, **path) for each in chosen for run in each.runs(profile)]
    return runs, sum(each.observed_s for each in chosen)


def workload_of(args: argparse.Namespace) -> dict[str, Any]:
    """The parameters of an engineer's own workload, as far as they are given."""
    return {run: getattr(args, option) for option, run in WORKLOAD.items() if getattr(args, option) is not None}


def path_of(args: argparse.Namespace, p: argparse.ArgumentParser) -> dict[str, Any]:
    """The parameters of the path, as far as they are given. Experiments take them, too."""
    names = ("path", "loss_percent", "queue_packets")
    given = {name: value for name, value in workload_of(args).items() if name in names}
    if given.keys() - {"path"} and args.path != PACKETS:
        p.error(f"--loss and --queue are of packets: they need --path {PACKETS}")
    return given


def hosts_of(args: argparse.Namespace, p: argparse.ArgumentParser) -> "Hosts | None":
    """The other hosts that play clients, if there are any."""
    from loadtests.runs.hosts import Hosts

    if args.hosts is None and args.address is None:
        return None
    if args.hosts is None or args.address is None:
        p.error("--hosts and --address go together")
    if args.path or args.rtt or args.mbit or args.tls or not workload_of(args):
        p.error("--hosts is for a workload over the network that there is: without --path, --rtt, --mbit and --tls")
    print(f"on each of the other hosts: python -m loadtests worker {args.address}", flush=True)
    return Hosts(args.hosts, args.address)


def calibrated(args: argparse.Namespace, p: argparse.ArgumentParser, console: Console) -> int:
    """Measure the delay line; results are kept only where --out says."""
    if len(args.experiments) > 1 or args.resume or args.restart or workload_of(args):
        p.error(f"{CALIBRATION} stands alone: it takes --profile and --out, no experiment, workload or --resume")
    from loadtests.link.calibration import calibrate  # here: it loads pandas

    warn_of_others("loadtests")
    try:
        return calibrate(args.profile or "quick", args.out and folder_of(args, p), console)
    except FolderLocked as error:
        p.exit(2, f"loadtests: {error}\n")


def folder_of(args: argparse.Namespace, p: argparse.ArgumentParser) -> Path:
    """Where the results go; a name that is taken is refused."""
    if args.out is None:
        return ROOT / LATEST
    folder: Path = args.out.resolve()
    if folder.exists():
        p.error(f"{args.out} is there already: take another name, or remove it")
    if not folder.parent.is_dir():
        p.error(f"{args.out}: there is no folder {folder.parent}")
    return folder


def compare(args: argparse.Namespace, p: argparse.ArgumentParser, console: Console) -> int:
    """Run the comparison, print its table and the report's path; return the exit status."""
    from loadtests.packets.devices import check_possible
    from loadtests.runs.comparison import (  # here: it loads pandas and matplotlib
        Comparison,
        Refused,
        TooLarge,
        option,
    )
    from results.table import TableError

    (plan, observed_s), own = plan_of(args, p), bool(workload_of(args) or args.within_ms)
    comparison = Comparison(plan, folder_of(args, p), args.profile or "quick", observed_s, hosts_of(args, p))
    try:
        with comparison.partial.held():
            if any(run.path == PACKETS for run in plan):
                check_possible()
            if args.resume:
                comparison.resume()
            else:
                comparison.begin(args.restart)
            warn_of_others("loadtests")
            comparison.run(console)
            results = comparison.finish()
            status = tell(results, console)
            if own:
                advise(args, results, console)
            return status
    except TooLarge as error:
        if not args.within_ms:
            p.exit(2, f"loadtests: {error}{'; --within-ms MS answers from costs' if own else ''}\n")
        print(f"loadtests: {error}: not run, and answered from costs", file=sys.stderr)
        advise(args, None, console)
        return 0
    except (Refused, FolderLocked) as error:
        p.exit(2, f"loadtests: {error}\n")
    except (RunFailed, TableError, OSError) as error:
        print(f"loadtests: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"loadtests: interrupted; go on with {option('--resume')} ({comparison.partial.path})", file=sys.stderr)
        return 130


def tell(results: "Results", console: Console) -> int:
    """Print the comparison's table, what it says of the claims and where its report is; return 1 if a transport has no
    run that counts. Where nothing but observations was asked for, the verdicts on them take the table's place.
    """
    from loadtests.runs.validity import help_against
    from results.claims import UNDECIDED, counted, verdicts
    from results.table import invalid, valid
    from results.terminal import terminal_table, terminal_verdicts

    runs, width = results.runs, console.width if console.is_terminal else WIDTH
    found = verdicts(runs, results.observations)
    decided = [verdict for verdict in found if verdict.outcome not in UNDECIDED]
    shown_here = terminal_verdicts(decided) if runs.empty else terminal_table(runs, width)
    Console(width=width, highlight=False).print(shown_here, counted(found), sep="\n")
    print(f"report: {shown(results.folder / 'report.html')}")
    if bad := len(invalid(runs)):
        words = f"{bad} of {runs['run_id'].nunique()} runs are not valid and do not count"
        print(f"loadtests: {words}. What may help: {help_against(invalid(runs).invalid_reason)}.", file=sys.stderr)
    kinds = ["experiment", "transport"]
    return int(len(valid(runs)[kinds].drop_duplicates()) < len(runs[kinds].drop_duplicates()))


def advise(args: argparse.Namespace, results: "Results | None", console: Console) -> None:
    """Print which transport this workload wants, from the costs of the reference, with what was measured of it."""
    from results.advice import Workload, best_costs
    from results.advice.words import advice_in_words
    from results.folders import REFERENCE
    from results.processes import known_redis_costs
    from results.select import NotMeasured
    from results.table import read_if_there

    run = next(run for run in plan_of(args, parser())[0] if run.transport == "polling")
    names = "clients rate_hz payload_bytes poll_interval_s rtt_ms cookie_bytes tls".split()
    wanted = Workload(**{name: getattr(run, name) for name in names}, within_ms=args.within_ms)
    try:
        reference = read_if_there(REFERENCE)
        costs, source = best_costs([reference], run.header_profile)
    except NotMeasured as error:
        if args.within_ms:
            print(f"loadtests: no advice: {error}", file=sys.stderr)
        return
    own = None if results is None else results.runs
    words = advice_in_words(wanted, costs, source, own, known_redis_costs([reference]))
    Console(width=console.width if console.is_terminal else WIDTH).print(words)


def main(argv: list[str] | None = None) -> int:
    write_plainly()
    p = parser()
    args = p.parse_args(argv)
    console = Console()
    if args.list:
        own = workload_of(args) or args.within_ms
        console.print(f"workload: {sizes_of(plan_of(args, p)[0])}" if own else listing())
        return 0
    if CALIBRATION in args.experiments:
        return calibrated(args, p, console)
    return compare(args, p, console)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main())
