"""`python -m servers` as a program that a test starts."""

import subprocess
import sys

from tools.lab import ROOT

NONE = ("--source", "none")


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "servers", *options]


def run(*options: str) -> subprocess.CompletedProcess[str]:
    """The servers with options that they refuse."""
    return subprocess.run(command(*options), capture_output=True, text=True, cwd=ROOT, timeout=60)
