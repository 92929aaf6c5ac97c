"""The one table of transports, and a guest in it: server-sent events, of which nothing else knows."""

import pytest
from tools.lab import ROOT, TRANSPORTS

from loadtests.experiments import EXPERIMENTS, PROFILES, workload
from loadtests.experiments.run import Run
from loadtests.headers.profiles import PROFILES as HEADERS
from results import claims, summary, table, transports
from results.transports import Transport

GUEST = Transport("sse", "Server-sent events", "server-sent events", "#999999", "^", "EventUser", guest=True)
REFERENCE = ROOT / "results" / "reference"


@pytest.fixture
def guest(monkeypatch: pytest.MonkeyPatch) -> Transport:
    monkeypatch.setitem(transports.TRANSPORTS, GUEST.name, GUEST)
    return GUEST


def test_the_three_are_compared_and_told_apart():
    rows = transports.TRANSPORTS.values()
    assert transports.COMPARED == TRANSPORTS == tuple(transports.TRANSPORTS)
    for looks in ("title", "words", "colour", "marker"):
        assert len({getattr(row, looks) for row in rows}) == len(rows)
    for operation in transports.FOLLOWED:
        assert len({row.users[operation] for row in rows}) == len(rows)


def test_a_parameter_has_one_owner_or_none():
    assert [transports.owner(name) for name in ("poll_interval_s", "hold_s", "rtt_ms")] == [
        "polling", "long-polling", None,
    ]  # fmt: skip


@pytest.mark.parametrize("profile", PROFILES)
def test_a_guest_is_in_no_experiment_that_does_not_name_it(guest, profile):
    runs = [run for experiment in EXPERIMENTS.values() for run in experiment.runs(profile)]
    assert {run.transport for run in [*runs, *workload()]} == set(TRANSPORTS)


def test_a_guest_changes_no_verdict_and_no_line_of_the_three(guest):
    runs = table.read_runs(REFERENCE)
    observations = table.read_observations(REFERENCE)
    before = claims.verdicts(runs, observations), summary.compared(runs)
    row = runs[runs.transport == "websocket"].iloc[[0]].assign(transport=guest.name, run_id="a-guest")
    with_guest = table.pd.concat([runs, row], ignore_index=True)
    assert claims.verdicts(with_guest, observations) == before[0]
    assert [line for line in summary.compared(with_guest) if line.transport != guest.name] == before[1]


def test_a_guest_is_known_to_rows_and_to_header_profiles(guest, tmp_path):
    run = Run("guests", guest.name)
    assert run.run_id == "guests-sse"
    assert HEADERS["browser"].fields(guest.name, "x:1") == HEADERS["browser"].fields("polling", "x:1")
    row = dict.fromkeys((column.name for column in table.COLUMNS), None) | {"run_id": "a", "transport": guest.name}
    table.write_runs(tmp_path / "runs.csv", [row])
    assert list(table.read_runs(tmp_path).transport) == [guest.name]
