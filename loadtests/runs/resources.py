"""What a run takes of this machine, and whether the machine has it: said before anything is started."""

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from loadtests.experiments.run import Run
from loadtests.runs.measure import processes_for
from results.words import describe
from servers.feed import HISTORY
from servers.serving.limits import free_memory, left_to_groups, raise_descriptors

GIB = 2**30
CLIENT = 256 * 1024  # bytes of memory for a client, here and at the server; about half of it without TLS
PROCESS = 64 * 2**20  # bytes of a process that has done nothing yet
COPIES = 4  # of a message for each client under way: at the server, in the kernel, at the client
PUBLISHED_COPIES = 2  # of a message that the feed keeps: by itself, and as a frame
EARTHQUAKE = 300  # bytes, about
SPARE = 100  # descriptors of a process that are no client's
THREADS = 4  # of a process
LAB_PROCESSES = 4  # beside Locust's workers: the comparison, the server, the delay line, Locust's master
PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
DYNAMIC_PORTS = 16_384  # RFC 6335, section 6; Linux says how many it has


@dataclass(frozen=True)
class Resources:
    """What a run takes, or a machine has: bytes of memory, open files of one process, ports of one address, threads."""

    memory: float
    descriptors: float
    ports: float
    threads: float


WORDS = {  # and how they are counted there
    "memory": ("GiB of memory", GIB, ".1f"),
    "descriptors": ("open files in a process", 1, ".0f"),
    "ports": ("ports", 1, ".0f"),
    "threads": ("processes and threads", 1, ".0f"),
}
LOAD = ("clients", "rate_hz", "payload_bytes")


def required_by(run: Run) -> Resources:
    """What the run takes: about, and rather too much."""
    size = run.payload_bytes or EARTHQUAKE
    kept = min(HISTORY, run.rate_hz * run.expected_s)
    processes = LAB_PROCESSES + processes_for(run.clients)
    return Resources(
        memory=processes * PROCESS + run.clients * (CLIENT + COPIES * size) + kept * PUBLISHED_COPIES * size,
        descriptors=run.clients * (2 if run.linked else 1) + SPARE,
        ports=run.clients,
        threads=processes * THREADS,
    )


def available() -> Resources:
    """What this machine gives."""
    return Resources(free_memory(), raise_descriptors(), ports(), min(threads()))


def ports() -> int:
    """How many connections there can be from one address to one port of another."""
    with suppress(OSError):
        first, last = map(int, PORTS.read_text(encoding="ascii").split())
        return last - first + 1
    return DYNAMIC_PORTS


def threads() -> Iterator[float]:
    """How many processes and threads may still be started, by each limit that there is; infinity is one."""
    yield math.inf
    yield from left_to_groups("pids.max", "pids.current")
    with suppress(ImportError):
        import resource

        most, _ = resource.getrlimit(resource.RLIMIT_NPROC)
        if most != resource.RLIM_INFINITY and os.getuid() != 0:  # root has no limit
            yield most - running(os.getuid())


def running(user: int) -> int:
    """The threads of all processes of a user."""
    processes = (process.info for process in psutil.process_iter(["uids", "num_threads"]))
    return sum(each["num_threads"] or 0 for each in processes if each["uids"] and each["uids"].real == user)


def shortage_for(run: Run, machine: Resources) -> str | None:
    """What the run takes and the machine does not give, in a line; None if it gives all."""
    wanted = required_by(run)
    short = [shortage(name, wanted, machine) for name in WORDS if getattr(wanted, name) > getattr(machine, name)]
    return f"{describe(run.parameters(), LOAD)}: this takes about {', '.join(short)}" if short else None


def shortage(name: str, wanted: Resources, machine: Resources) -> str:
    words, unit, form = WORDS[name]
    needs, has = (format(getattr(means, name) / unit, "," + form) for means in (wanted, machine))
    return f"{needs} {words} ({has} here)"
