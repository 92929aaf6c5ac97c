"""80 faults and a quarter of a minute in which nothing happens: nothing is lost in silence, and nothing grows."""

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

from loadtests.soak import impact
from loadtests.soak.attacks import ATTACKS
from loadtests.soak.endurance import MIB, Endurance, Sample
from loadtests.soak.impact import Impact

pytestmark = pytest.mark.alone

FAULTS, SECONDS, CLIENTS = 80, 14, 300


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
    assert all(of["deliveries"] > 50 * 10 for of in faults["clients"])
    assert all(of["clients"] == CLIENTS and of["deliveries"] > CLIENTS * 40 for of in watched["clients"])


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
    assert Endurance(before, before).wrong == []
    grown = Endurance(before, Sample(114 * MIB, 1_070, 5, 960)).wrong
    assert grown == ["rss grows", "descriptors grows", "threads grows", "greenlets grows"]


@pytest.mark.parametrize(("stolen", "tries"), [([0.0], 1), ([0.6, 0.5], 2), ([9.0, 0.6, 2.0], 3)])
def test_an_attack_is_tried_anew_while_the_machine_is_elsewhere(monkeypatch, stolen, tries):
    left = iter([share for _ in ATTACKS for share in stolen])
    found = lambda attack, seconds: Impact(f"{attack}, {seconds:g} s", stolen=next(left))  # noqa: E731
    monkeypatch.setattr(impact, "measure_impact", found)
    advanced = []
    found = impact.run_attacks(2.0, lambda: advanced.append(1))
    assert [of.attack for of in found] == [f"{attack}, 2 s" for attack in ATTACKS]
    assert {of.stolen for of in found} == {stolen[tries - 1]}
    assert len(advanced) == len(ATTACKS) and not list(left)


def test_what_a_healthy_client_suffers_is_named():
    """A p99 counts as late from 50 ms on, and where it is more than thrice what it was."""
    before = {"polling": 0.020, "long-polling": 0.002, "websocket": 0.001}
    memory = [100 * MIB, 356 * MIB, 110 * MIB]
    assert Impact("a", 1, before, {"polling": 0.060, "long-polling": 0.050, "websocket": 0.050}, 0, memory).wrong == []
    bad = Impact("a", 1, before, {"polling": 0.061, "long-polling": 0.051, "websocket": 0.050}, 0,
                 [100 * MIB, 357 * MIB, 111 * MIB], ["polling: 7 after 5"])  # fmt: skip
    assert bad.wrong == ["a: polling 61 ms late, 20 before", "a: long-polling 51 ms late, 2 before",
                         "a: polling: 7 after 5", "a: 257 MiB taken", "a: 11 MiB kept"]  # fmt: skip
