"""`python -m loadtests` as a program that a test starts."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd

from results.table import read_runs
from tools.lab import ROOT
from tools.validity import but_for_the_machine

SMALL = ["--clients", "3", "--rate", "20", "--poll-interval", "0.2", "--size", "100"]


def loadtests(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command, variables = [sys.executable, "-m", "loadtests", *arguments], os.environ | environment
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=110)


def complaints(errors: str) -> list[str]:
    """The lines on standard error, without the warning of other loads: other tests run on this machine, too."""
    return [line for line in errors.splitlines() if not line.startswith("loadtests: another load runs")]


def check_whole(done: subprocess.CompletedProcess[str]) -> None:
    """Every run counts, or a busy machine was late in one of them, of which the exit status tells."""
    late = "or a machine that does nothing else" in done.stderr
    assert done.returncode == late, done.stderr


def last_attempts(folder: Path) -> pd.DataFrame:
    """The row of each run's last attempt; what speaks against it is the machine's fault."""
    rows = read_runs(folder)
    assert not any(but_for_the_machine(reason) for reason in rows.invalid_reason.dropna())
    return rows.drop_duplicates("transport", keep="last")
