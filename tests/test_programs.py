"""What the lab's programs have in common."""

import subprocess
import sys

import pytest
from tools.lab import ROOT

pytestmark = pytest.mark.starts

# Whichever module comes first that a program of the lab imports late: Ctrl-C comes with it.
SCRIPT = """
import builtins, os, runpy, signal, sys
program, real = {program!r}, builtins.__import__
def late(name, *rest, **named):
    if name == "argparse":
        os.kill(os.getpid(), signal.SIGINT)
    return real(name, *rest, **named)
builtins.__import__, sys.argv[0] = late, program
runpy.run_module(program, run_name="__main__")
"""


@pytest.mark.parametrize("program", ["servers", "clients", "loadtests", "results"])
def test_ctrl_c_during_the_imports_is_one_line_and_130(program):
    command = [sys.executable, "-c", SCRIPT.format(program=program)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (130, f"{program}: interrupted\n")


@pytest.mark.parametrize("program", ["servers", "clients", "loadtests", "loadtests.link", "results"])
def test_a_usage_line_does_not_wait_for_tables_and_charts(program):
    command = [sys.executable, "-X", "importtime", "-m", program, "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert done.returncode == 0 and "usage: " in done.stdout and "argparse" in imported
    assert imported & {"pandas", "matplotlib", "scipy", "locust"} == set()
