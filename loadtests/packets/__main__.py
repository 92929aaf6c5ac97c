"""The path of packets as a program: `python -m loadtests.packets --delay-ms 25 --loss 1 --mbit 10 -- COMMAND`.

COMMAND runs at the near end; the far end is 10.77.0.2. `--far` runs another program there, `--shell` opens a shell.
With `--controlled` it says where its ends are, in JSON, and obeys lines on standard input: `delay MS`, `mbit RATE`,
`loss PERCENT burst PACKETS`, `queue PACKETS`, `cut SECONDS`, `counts`, `stop`. It ends with its input.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
from contextlib import ExitStack

from loadtests.arguments import number, whole
from loadtests.control import standard_input
from loadtests.packets.devices import FAR, End, NoNamespaces, check_possible, middle, program, two_ends
from loadtests.packets.direction import QUEUE_PACKETS, Direction
from loadtests.packets.path import Path, new_direction, packet_socket
from results.arguments import Parser

INSIDE = "PUSH_LAB_PACKETS"  # in the environment of the process that is in the path's namespaces
STILL_WORKS = "runs over the delay line need no namespaces: leave --path packets out"


def parser() -> argparse.ArgumentParser:
    p = Parser(prog="python -m loadtests.packets", description="A path of real packets between two namespaces.")
    p.add_argument("--delay-ms", type=number(0, 60_000), default=0.0, metavar="D", help="one way (0)")
    p.add_argument("--mbit", type=number(0, 100_000), default=0.0, metavar="R", help="each way (0: no limit)")
    p.add_argument("--queue", type=whole(1, 1_000_000), default=QUEUE_PACKETS, metavar="N",
                   help=f"packets that wait for that rate; more are dropped ({QUEUE_PACKETS})")  # fmt: skip
    p.add_argument("--loss", type=number(0, 99.9), default=0.0, metavar="PERCENT", help="of packets, at random (0)")
    p.add_argument("--burst", type=number(1, 1000), default=1.0, metavar="N", help="lost in a row, on average (1)")
    p.add_argument("--seed", type=whole(0), default=1, help="of the loss (1)")
    p.add_argument("--far", metavar="'COMMAND'", help="run this at the far end, as long as COMMAND runs")
    p.add_argument("--shell", action="store_true", help="open a shell at the far end")
    p.add_argument("--controlled", action="store_true", help="be led by a program on standard input")
    p.add_argument("command", nargs="*", metavar="COMMAND", help=f"what runs at the near end; the far end is {FAR}")
    return p


def main(argv: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if argv is None else argv
    p = parser()
    args = p.parse_args(arguments)
    if not (args.command or args.shell or args.controlled):
        p.error("what is to run? give a COMMAND behind --, or --shell")
    try:
        directions = [new_direction(args.delay_ms, args.mbit, args.queue, args.loss, args.burst, args.seed + number_)
                      for number_ in (0, 1)]  # fmt: skip
    except ValueError as error:
        p.error(str(error))
    try:
        if INSIDE not in os.environ:
            enter_namespaces(arguments)
        with two_ends() as (near, far):
            return serve(args, near, far, directions)
    except NoNamespaces as error:
        print(f"packets: {error}; {STILL_WORKS}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def enter_namespaces(arguments: list[str]) -> None:
    """Become the same program in namespaces of its own, in which this user may do what root does."""
    check_possible()
    command = [program("unshare"), "--user", "--map-root-user", "--net", sys.executable, "-m", "loadtests.packets"]
    os.execve(command[0], command + arguments, os.environ | {INSIDE: "1"})


def serve(args: argparse.Namespace, near: End, far: End, directions: list[Direction]) -> int:
    """Move packets for as long as the command runs, or the input lasts; return the exit status."""
    with ExitStack() as opened:
        ends = [opened.enter_context(packet_socket(middle(end))) for end in (near, far)]
        control = opened.enter_context(standard_input()) if args.controlled else None
        path = Path(ends[0], ends[1], directions[0], directions[1], control)
        if args.controlled:
            print(json.dumps({"near": near.pid, "far": far.pid, "address": far.address}), flush=True)
            path.run()
            return 0
        return run_command(args, near, far, path, opened)


def run_command(args: argparse.Namespace, near: End, far: End, path: Path, opened: ExitStack) -> int:
    """Run what the user asked for at its ends, and the path meanwhile."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command; the path ends with it
    environment = {name: value for name, value in os.environ.items() if name != INSIDE}
    if args.far:
        beside = subprocess.Popen(at(far, shlex.split(args.far)), env=environment)
        opened.callback(beside.wait)
        opened.callback(beside.terminate)
    wanted = at(far, [os.environ.get("SHELL", "/bin/sh")]) if args.shell else at(near, args.command)
    command = subprocess.Popen(wanted, env=environment)
    path.run(lambda: command.poll() is not None)
    return command.returncode if command.returncode >= 0 else 128 - command.returncode


def at(end: End, arguments: list[str]) -> list[str]:
    """A command that runs at an end, and ends with this process, even if that is killed."""
    return [program("setpriv"), "--pdeathsig", "KILL", program("nsenter"), f"--net={end.namespace}", *arguments]


if __name__ == "__main__":
    sys.exit(main())
