"""`python -m clients`, as a user calls it."""

import subprocess
import sys

from tools.lab import ROOT

QUICK = {"polling": ["--poll-interval", "0.05"], "long-polling": ["--hold", "5"], "websocket": []}


def command(transport: str, *options: str) -> list[str]:
    return [sys.executable, "-m", "clients", transport, *options]


def run(transport: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(transport, *options), capture_output=True, text=True, cwd=ROOT, timeout=60)
