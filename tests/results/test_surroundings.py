"""Whatever encoding a terminal has, whatever matplotlib's user prefers, whatever stands in machine.json."""

import json
import os
import shutil
import subprocess
import sys

import matplotlib
import pytest
from hypothesis import given
from hypothesis import strategies as some
from tools.lab import ROOT
from tools.made_up import MACHINE, make

from results import advice, figures, report, table
from results.figures.layout import png
from results.output import PLAIN

ENCODINGS = [{"PYTHONIOENCODING": "cp1252"}, {"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "cp437"},
             {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]  # fmt: skip


ADVISE = ["advise", "results/reference", "--within-ms", "200"]


@pytest.mark.parametrize(
    ("surroundings", "arguments"), [*((each, ["claims"]) for each in ENCODINGS), (ENCODINGS[0], ADVISE)]
)
def test_redirected_output_is_whole_in_any_encoding(surroundings, arguments):
    done = subprocess.run([sys.executable, "-m", "results", *arguments], cwd=ROOT, capture_output=True, timeout=100,
                          env=os.environ | surroundings)  # fmt: skip
    said = done.stdout.decode(surroundings.get("PYTHONIOENCODING", "ascii"))
    assert done.returncode == 0 and done.stderr == b"" and len(said.splitlines()) > 20


def test_what_stands_for_a_character_can_be_written_anywhere():
    assert all(value.isascii() for value in PLAIN.values())


PREFERENCES = {
    "text.usetex": True, "axes.facecolor": "black", "font.size": 40, "axes.grid": False, "lines.linewidth": 9,
    "figure.dpi": 30, "axes.prop_cycle": matplotlib.cycler(color=["pink"]), "savefig.transparent": True,
    "font.family": "cursive", "image.cmap": "hot", "svg.fonttype": "none",
}  # fmt: skip


def test_a_users_matplotlibrc_changes_no_chart(runs):
    before = figures.bytes_per_delivery(runs, MACHINE)
    picture = png(before)
    with matplotlib.rc_context(PREFERENCES):
        after = figures.bytes_per_delivery(runs, MACHINE)
        assert png(after) == picture
        assert matplotlib.rcParams["font.size"] == 40, "and what the user prefers stays"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return make(tmp_path_factory.mktemp("small") / "mine", only="upstream")


WRONG = [None, "words", {"a": None}]


@pytest.mark.parametrize("fact", [*MACHINE, "benchmark", "something else"])
def test_any_fact_of_the_machine_may_be_anything(small, tmp_path, fact):
    copy, seen = shutil.copytree(small, tmp_path / "copy"), []
    for wrong in WRONG:
        (copy / "machine.json").write_text(json.dumps(MACHINE | {fact: wrong}))
        results = table.read(copy)
        if results.machine not in seen:
            seen.append(results.machine)
            page, _ = report.render(results, ([], []))
            assert "</html>" in page
            figures.draw_all(results, ["sending"])
            with pytest.raises(Exception, match="the costs are not known"):
                advice.best_costs([results], "browser")


@given(some.dictionaries(some.sampled_from(sorted(MACHINE)), some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=5), lambda inner: some.lists(inner, max_size=2)
    | some.dictionaries(some.text(max_size=3), inner, max_size=2), max_leaves=4)))  # fmt: skip
def test_what_is_read_of_a_machine_is_of_its_kind(tmp_path_factory, values):
    folder = tmp_path_factory.mktemp("machine")
    (folder / "machine.json").write_text(json.dumps(values))
    for name, value in table.read_machine(folder).items():
        assert isinstance(value, table.MACHINE_KINDS[name])


@pytest.mark.parametrize("action", ["claims", "report"])
def test_who_reads_no_further_than_the_first_line_is_no_error(action, small, tmp_path):
    folder = shutil.copytree(small, tmp_path / "run")
    command = [sys.executable, "-m", "results", action, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()  # as `| true` does
        assert process.stderr.read() == "" and process.wait(60) == 0
