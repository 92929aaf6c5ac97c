"""300 faults and a minute in which nothing happens: nothing is lost in silence, and nothing grows."""

import json
import os
import subprocess
import sys

import pytest
from tools.lab import ROOT

from loadtests.soak.steady import MIB, Sample, Watched

FAULTS, SECONDS, CLIENTS = 300, 60, 300


@pytest.mark.timeout(400)
@pytest.mark.skipif(os.name == "nt", reason="a killed process keeps its port")
def test_it_holds(tmp_path):
    command = [sys.executable, "-m", "loadtests.soak", "--faults", str(FAULTS), "--seconds", str(SECONDS)]
    command += ["--attack-seconds", "0", "--clients", str(CLIENTS), "--into", str(tmp_path / "soak.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=380)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((tmp_path / "soak.json").read_text())
    faults, watched = found["faults"], found["watched"]
    assert sum(faults["done"].values()) == FAULTS and str(faults["seed"]) in done.stdout
    assert {of["clients"] for of in faults["clients"]} == {50}
    assert all(of["deliveries"] > 50 * 40 for of in faults["clients"])
    assert all(of["clients"] == CLIENTS and of["deliveries"] > CLIENTS * 200 for of in watched["clients"])


def test_what_grows_is_named():
    before = Sample(rss=100 * MIB, descriptors=1_000, threads=4, greenlets=900)
    assert Watched(before, before).grown == []
    assert Watched(before, Sample(114 * MIB, 1_070, 5, 960)).grown == ["rss", "descriptors", "threads", "greenlets"]
