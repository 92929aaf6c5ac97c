"""300 faults and a minute in which nothing happens: nothing is lost in silence, and nothing grows."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tools.lab import ROOT

from loadtests.soak.steady import MIB, Sample, Watched

pytestmark = pytest.mark.alone

FAULTS, SECONDS, CLIENTS = 300, 60, 300


@pytest.mark.timeout(400)
@pytest.mark.skipif(os.name == "nt", reason="a killed process keeps its port")
def test_it_holds(tmp_path):
    """Both at once, each with servers of its own."""
    parts = {"faults": ["--faults", str(FAULTS), "--seconds", "0"],
             "watched": ["--faults", "0", "--seconds", str(SECONDS), "--clients", str(CLIENTS)]}  # fmt: skip
    with ThreadPoolExecutor() as pool:
        faults, watched = pool.map(partial(soak, tmp_path), parts, parts.values())
    assert sum(faults["done"].values()) == FAULTS
    assert {of["clients"] for of in faults["clients"]} == {50}
    assert all(of["deliveries"] > 50 * 40 for of in faults["clients"])
    assert all(of["clients"] == CLIENTS and of["deliveries"] > CLIENTS * 200 for of in watched["clients"])


def soak(folder: Path, part: str, options: list[str]) -> dict[str, Any]:
    """What is kept of one part; it must have held."""
    file = folder / f"{part}.json"
    command = [sys.executable, "-m", "loadtests.soak", "--attack-seconds", "0", *options, "--into", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=380)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "seed " in done.stdout
    return json.loads(file.read_text())[part]


def test_what_grows_is_named():
    before = Sample(rss=100 * MIB, descriptors=1_000, threads=4, greenlets=900)
    assert Watched(before, before).wrong == []
    grown = Watched(before, Sample(114 * MIB, 1_070, 5, 960)).wrong
    assert grown == ["rss grows", "descriptors grows", "threads grows", "greenlets grows"]
