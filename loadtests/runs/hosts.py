"""A load that comes from several hosts: `python -m loadtests --hosts N --address A`, and on each of the others
`python -m loadtests worker A`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass

from results.folders import ROOT

PORT = 5557
"""Locust's own, at which its master waits for workers."""
OTHER_HOST = "PUSH_LAB_OTHER_HOST"
"""In the environment of a worker whose clock is another one than the master's."""
AGAIN_S = 0.5  # between two runs of a comparison


@dataclass(frozen=True)
class Hosts:
    """How many other hosts play clients, and the address of this one, at which they reach server and master."""

    count: int
    address: str
    port: int = PORT

    @property
    def server_options(self) -> list[str]:
        return ["--host", self.address, "--connections-per-address", "1000000"]

    @property
    def locust_options(self) -> list[str]:
        return ["--master", "--expect-workers", str(self.count), "--master-bind-host", self.address,
                "--master-bind-port", str(self.port)]  # fmt: skip


def work(address: str) -> int:
    """Play clients for the master at `address` (HOST or HOST:PORT), run after run; return the exit status."""
    host, _, port = address.rpartition(":") if ":" in address else (address, "", str(PORT))
    command = [sys.executable, "-m", "locust", "-f", "loadtests/locustfile.py", "--worker", "--controlled",
               "--master-host", host, "--master-port", port, "--loglevel", "ERROR"]  # fmt: skip
    print(f"loadtests: plays clients for the master at {host}:{port}; Ctrl-C ends it", flush=True)
    try:
        while True:
            done = subprocess.run(command, cwd=ROOT, env=os.environ | {OTHER_HOST: "1"}, stdin=subprocess.DEVNULL)
            if done.returncode not in (0, 1):
                return done.returncode
            time.sleep(AGAIN_S)
    except KeyboardInterrupt:
        return 130
