"""`python -m servers` as a program that a test starts."""

import json
import subprocess
import sys

from tools.lab import ROOT, WAIT

NONE = ("--source", "none")


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "servers", *options]


def run(*options: str) -> subprocess.CompletedProcess[str]:
    """The servers with options that they refuse."""
    return subprocess.run(command(*options), capture_output=True, text=True, cwd=ROOT, timeout=60)


def left_alone(*options: str, reads_addresses: bool = True) -> tuple[int, str]:
    """What servers end with, and what they say, if the program that leads them stops reading before it is answered."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command(*options, "--controlled"), **pipes, text=True, cwd=ROOT) as process:
        try:
            if reads_addresses:
                assert "urls" in json.loads(process.stdout.readline())
            process.stdout.close()
            print(json.dumps({"do": "start"}), file=process.stdin, flush=True)
            return process.wait(WAIT), process.stderr.read()
        finally:
            process.kill()
