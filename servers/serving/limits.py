"""What this machine has for a process: how many sockets, how much memory, which addresses."""

import ctypes
import math
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

ENOUGH = (65_536, 10_240)  # descriptors; the second is macOS's limit, which it does not name
EVERYWHERE = {"0.0.0.0": socket.AF_INET, "::": socket.AF_INET6}  # to listen on all addresses of a family
GROUPS = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")  # of Linux's cgroup v2: where they are, and which is ours


def raise_descriptors() -> float:
    """Let this process, and those it starts, open as many sockets as the system allows; how many that is."""
    try:
        import resource
    except ImportError:
        return math.inf  # Windows
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for enough in ENOUGH:
        wanted = enough if hard == resource.RLIM_INFINITY else min(enough, hard)
        if soft == resource.RLIM_INFINITY or wanted <= soft:
            break
        with suppress(OSError, ValueError):  # more than the system gives, whatever the hard limit says
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return wanted
    return math.inf if soft == resource.RLIM_INFINITY else soft


def free_memory() -> float:
    """Bytes that can be had: what the machine has available, or what is left to a container, if that is less."""
    return min([psutil.virtual_memory().available, *left_to_groups("memory.max", "memory.current")])


def left_to_groups(most: str, used: str, folder: Path = GROUPS[0], own: Path = GROUPS[1]) -> Iterator[int]:
    """What is left of a resource to this process's cgroup and to each group around it, as far as they have a limit.

    Of memory, files that the kernel caches and does not need count as left: it gives them up first.
    """
    with suppress(OSError):
        inner = folder / own.read_text(encoding="ascii").rpartition("0::/")[2].strip("/\n")
        for group in (inner, *inner.parents):
            with suppress(OSError, ValueError):  # no such group is seen from in here, or it says "max"
                left = int((group / most).read_text()) - int((group / used).read_text())
                yield left + (unneeded_cache(group) if used == "memory.current" else 0)


def unneeded_cache(group: Path) -> int:
    """Bytes of files in a cgroup's memory that were not used lately (`inactive_file` of memory.stat); 0 if unknown."""
    with suppress(OSError, ValueError):
        numbers = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return int(numbers.get("inactive_file", 0))
    return 0


def return_memory() -> None:
    """Give free memory back to the system, which the C library would keep (malloc_trim of glibc; others do as they
    do). Takes a millisecond or two.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def reached_at(host: str) -> str:
    """Where other machines reach a server that listens on `host`: there, or, if that is everywhere, at an address of
    this machine; `host` as it is if it has none.
    """
    addresses = [each for of_one in psutil.net_if_addrs().values() for each in of_one]
    here = [each.address for each in addresses if each.family == EVERYWHERE.get(host)]
    return next((each for each in here if each not in ("127.0.0.1", "::1") and "%" not in each), host)
