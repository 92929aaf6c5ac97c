"""Where and with what a comparison was measured."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import distributions
from itertools import pairwise
from typing import Any

import psutil

from results.folders import ROOT

PACKAGES = ("flask", "flask-sock", "simple-websocket", "wsproto", "gevent", "locust", "geventhttpclient", "websockets")

LOADS = ("loadtests", "loadtests.benchmark", "loadtests.soak")  # the programs that take all of a machine


def machine(profile: str, program: str = "loadtests") -> dict[str, Any]:
    """Where and with what it was measured."""
    versions = {d.metadata["Name"].lower(): d.version for d in distributions()}
    return {
        "cores": os.cpu_count(),
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": {name: versions.get(name) for name in PACKAGES},
        "command": " ".join([f"python -m {program}", *sys.argv[1:]]),
        "commit": commit(),
        "date": date(),
        "profile": profile,
    }


def date() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def commit() -> str:
    """The commit that was measured, marked if the files differ from it; empty where there is no git."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"], cwd=ROOT, capture_output=True, text=True
        )
    except OSError:
        return ""
    return described.stdout.strip()


def other_loads() -> list[int]:
    """The processes that load this machine as well, and so disturb what is measured on it."""
    own = psutil.Process()
    kin = {process.pid for process in (own, *own.parents())}
    found = psutil.process_iter(["cmdline"])
    return [process.pid for process in found if process.pid not in kin and is_load(process.info["cmdline"] or [])]


def warn_of_others(program: str) -> None:
    """Say so, on standard error, if something else loads this machine, too."""
    if others := other_loads():
        words = "another load runs on this machine, and the two disturb each other"
        print(f"{program}: {words}: process {', '.join(map(str, others))}", file=sys.stderr)


def is_load(command: list[str]) -> bool:
    return any(option == "-m" and module in LOADS for option, module in pairwise(command))
