"""`python -m loadtests` as its user meets it: whole or not at all, one clear line when something is wrong."""

import json
import os
import re
import subprocess

import pytest
from tools.comparisons import SMALL, check_whole, complaints, last_attempts, loadtests
from tools.lab import ROOT

from loadtests import __main__ as command
from loadtests.experiments import EXPERIMENTS, workload
from loadtests.runs.comparison import Comparison, Refused
from loadtests.runs.floor import floors_of
from loadtests.runs.validity import Reason, help_against, reasons_in
from results.check import check
from results.table import read_runs

pytestmark = pytest.mark.starts


@pytest.mark.alone
def test_a_workload_ends_with_a_table_and_a_whole_folder(tmp_path):
    folder = tmp_path / "mine"
    done = loadtests(*SMALL, "--rate", "80", "--duration", "1.2", "--rtt", "20", "--out", str(folder))
    check_whole(done)
    assert "websocket" in done.stdout and f"report: {folder}/report.html" in done.stdout
    runs = last_attempts(folder)
    assert list(runs.transport) == ["polling", "long-polling", "websocket"]
    assert (runs.lost == 0).all() and (runs.deliveries > 0).all() and (runs.published > 60).all()
    assert not check(runs)
    assert (runs.latency_p50_ms > 10).all(), "half of the round trip was inserted"
    assert sorted(p.name for p in folder.iterdir()) == [
        "README.md", "charts", "latency", "machine.json", "observations.csv", "report.html", "runs.csv",
    ]  # fmt: skip
    assert len(list((folder / "latency").iterdir())) == 6
    machine = json.loads((folder / "machine.json").read_text())
    assert machine["cores"] == os.cpu_count()
    found = {floor["transport"]: floor for floor in machine["floors"]}
    assert all(floor["clients"] == 3 and floor["link"] and floor["messages"] >= 100 for floor in found.values())
    assert [name for name, floor in found.items() if floor["away_ms"] > 0] == ["long-polling"]
    for run in runs.itertuples():  # the floor stands beside the model, not in it
        longer_away = 20 if run.transport == "long-polling" else 0  # no message waits longer than the round trip
        assert run.floor_ms == pytest.approx(found[run.transport]["ms"], abs=max(longer_away, 1e-6))
        least, most = {"polling": (110, 110), "long-polling": (10, 30), "websocket": (10, 10)}[run.transport]
        assert least - 0.01 <= run.expected_mean_ms <= most + 0.01
    assert "WebSockets: mine</title>" in (folder / "report.html").read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [folder], "no partial folder is left"


@pytest.mark.long
def test_a_workload_without_a_valid_run_shows_its_figures_marked_and_fails(tmp_path):
    options = ["--clients", "2", "--rate", "0.5", "--poll-interval", "0.5", "--duration", "1"]
    done = loadtests(*options, "--out", str(tmp_path / "mine"))
    assert done.returncode == 1, done.stdout
    runs = read_runs(tmp_path / "mine")
    wrong = [reasons_in(reason) for reason in runs.invalid_reason]
    assert all(Reason.TOO_FEW in reasons for reasons in wrong)
    last = runs.drop_duplicates("transport", keep="last").invalid_reason
    help_ = help_against(last)  # on a busy machine there are reasons that come before that one
    assert help_ == "a higher --rate, or a longer --duration" or set().union(*wrong) != {Reason.TOO_FEW}
    assert complaints(done.stderr) == [
        f"loadtests: 3 of 3 runs are not valid and do not count. What may help: {help_}."
    ]
    assert "websocket does not count: only" in done.stdout
    messages = sum(read_runs(tmp_path / "mine").published)
    assert messages == 0 or re.search(r"websocket +\([\d.]+\) +\(0\) +– +\([\d.]+\)", done.stdout)
    assert (tmp_path / "mine" / "report.html").exists()


@pytest.mark.parametrize(
    ("reasons", "help_"),
    [
        (["only 3 messages"], "a higher --rate, or a longer --duration"),
        (["only 3 messages", "5 lost; generator 20.0 ms late at p99"], "fewer --clients, a lower --rate, a smaller"),
        (["generator took 0.90 of a core"], "fewer --clients or a lower --rate"),
        (["7 bytes not booked in the window"], "another try; if that is no better, the lab is at fault"),
    ],
)
def test_what_may_help_follows_from_the_reasons(reasons, help_):
    assert help_against(reasons).startswith(help_)


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_is_recognised_in_the_table_whatever_its_numbers(reason):
    numbers = [12_345.6] * reason.value.count("{")
    assert reasons_in(f"{reason.words(*numbers)}; something else") == {reason}


@pytest.mark.parametrize("columns", ["40", "100"])
def test_the_list_names_every_experiment_with_runs_and_seconds(columns):
    done = loadtests("--list", COLUMNS=columns)
    assert done.returncode == 0 and "…" not in done.stdout
    for name, experiment in EXPERIMENTS.items():
        said = " ".join(re.split(rf"^{name} ", done.stdout, flags=re.MULTILINE)[1].split())
        plan = experiment.runs("quick")
        found = floors_of(plan)
        seconds = experiment.observed_s + sum(run.expected_s for run in [*plan, *found])
        assert f"quick: {len(plan)} runs{f' and {len(found)} for floors' * bool(found)}, {seconds:.0f} s" in said


def test_the_list_of_a_workload_is_of_it_alone():
    done = loadtests("--list", "--clients", "300", "--duration", "20", "--within-ms", "100", "--cookies", "100")
    assert (done.returncode, done.stdout.strip()) == (0, "workload: 3 runs, 67 s")
    far = loadtests("--list", "--clients", "300", "--duration", "20", "--rtt", "60")
    assert (far.returncode, far.stdout.strip()) == (0, "workload: 3 runs and 3 for floors, 139 s")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], "there is no experiment nonsense"),
        (["--profile", "huge"], "invalid choice"),
        (["latency", "--clients", "5"], "either EXPERIMENT or a workload"),
        (["--clients", "0"], "not a whole number from 1"),
        (["--size", "5"], "not a whole number from"),
        (["--rate", "x"], "invalid"),
        (["--rtt", "-1"], "not a number from 0"),
        (["--rtt", "1e9"], "not a number from 0 to 1000"),
        (["--out", "servers"], "is there already"),
        (["--out", "no/such/folder"], "there is no folder"),
        (["--resume", "--out", "results/never-begun"], "nothing to resume"),
        (["--size", "100000000"], "not a whole number from 61 to 16,777,216"),
        (["--clients", "1000000"], "1,000,000 clients, 10 messages/s, 142 B messages: this takes about"),
        (["--clients", "3000", "--size", "16777216", "--rate", "1000"], "GiB of memory"),
        (["--poll-interval", "1e9"], "not a number from 0.01 to 3600"),
        (["calibration", "latency"], "calibration stands alone"),
        (["calibration", "--rtt", "20"], "calibration stands alone"),
        (["calibration", "--resume"], "calibration stands alone"),
        (["calibration", "--restart"], "calibration stands alone"),
        (["--resume", "--restart"], "not allowed with"),
        (["calibration", "--out", "servers"], "is there already"),
    ],
)
def test_wrong_usage_is_told_and_exits_with_2(arguments, words, monkeypatch, capsys):
    """In this process: what is said of a program's own process is tested with the first of them, and elsewhere."""
    monkeypatch.chdir(ROOT)
    with pytest.raises(SystemExit, match="^2$"):
        command.main(arguments)
    assert words in capsys.readouterr().err.splitlines()[-1]


def test_wrong_usage_is_the_programs_status():
    done = loadtests("nonsense")
    assert done.returncode == 2 and "there is no experiment nonsense" in done.stderr and "Traceback" not in done.stderr


def test_an_experiment_named_twice_runs_once():
    p = command.parser()
    once, twice = (command.plan_of(p.parse_args(names), p) for names in (["latency"], ["latency", "latency"]))
    assert once == twice


def test_who_called_make_is_told_what_make_takes(tmp_path, monkeypatch):
    first = Comparison(workload(duration_s=1.0), tmp_path / "mine", "quick")
    first.begin()
    (first.partial.work / "rows.jsonl").write_text('{"run_id": "one"}\n')
    monkeypatch.setenv("MAKELEVEL", "1")
    with pytest.raises(Refused, match="go on with make lab ARGS=--resume, .* with make lab ARGS=--restart"):
        first.begin()
    monkeypatch.delenv("MAKELEVEL")
    with pytest.raises(Refused, match="go on with --resume, .* with --restart"):
        first.begin()
    said = subprocess.run(["make", "-n", "lab", "ARGS=--resume"], cwd=ROOT, capture_output=True, text=True)
    assert "-m loadtests --profile quick --resume\n" in said.stdout
