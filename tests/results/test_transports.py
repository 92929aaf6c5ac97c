"""The one table of transports, and guests in it: server-sent events, and one of which nothing else knows."""

import pytest
from tools.lab import ROOT, TRANSPORTS
from tools.made_up import MACHINE

from loadtests.experiments import EXPERIMENTS, PROFILES, workload
from loadtests.experiments.run import Run
from loadtests.headers.profiles import PROFILES as HEADERS
from results import claims, figures, summary, table, transports
from results.transports import Transport

GUEST = Transport("pigeon", "Pigeons", "pigeons", "#999999", "x", {"feed": "PigeonUser"}, guest=True)
EVENTS = "server-sent-events"
REFERENCE = ROOT / "results" / "reference"


@pytest.fixture
def guest(monkeypatch: pytest.MonkeyPatch) -> Transport:
    monkeypatch.setitem(transports.TRANSPORTS, GUEST.name, GUEST)
    return GUEST


def test_the_three_are_compared_and_told_apart():
    rows = transports.TRANSPORTS.values()
    assert transports.COMPARED == TRANSPORTS and transports.WITH_GUESTS == (*TRANSPORTS, EVENTS)
    for looks in ("title", "words", "colour", "marker"):
        assert len({getattr(row, looks) for row in rows}) == len(rows)
    for operation in transports.FOLLOWED:
        users = [row.users[operation] for row in rows if not row.guest or operation in row.users]
        assert len(set(users)) == len(users)


def test_a_parameter_has_one_owner_or_none():
    assert [transports.owner(name) for name in ("poll_interval_s", "hold_s", "rtt_ms")] == [
        "polling", "long-polling", None,
    ]  # fmt: skip


@pytest.mark.parametrize("profile", PROFILES)
def test_a_guest_is_in_no_experiment_that_does_not_name_it(guest, profile):
    runs = [run for experiment in EXPERIMENTS.values() for run in experiment.runs(profile)]
    assert {run.transport for run in [*runs, *workload()]} == {*TRANSPORTS, EVENTS}


@pytest.mark.parametrize("profile", PROFILES)
def test_server_sent_events_are_where_they_are_named(profile):
    named = {"real-feed", "overhead"}
    if profile == "full":
        named |= {"latency", "update-rate", "scale", "outage", "connection", "loss", "bufferbloat"}
    runs = [run for experiment in EXPERIMENTS.values() for run in experiment.runs(profile)]
    assert {run.experiment for run in runs if run.transport == EVENTS} == named
    assert EVENTS not in {run.transport for run in workload()}


def test_a_guest_changes_nothing_of_the_first_picture():
    """The answer in one picture is of the three, and so is where their time goes."""
    runs = table.read_runs(REFERENCE)
    assert (runs[runs["experiment"] == "latency"]["transport"] == EVENTS).any()
    three = runs[runs["transport"] != EVENTS]
    for draw in (figures.latency_and_overhead, figures.latency_split):
        assert draw(runs, MACHINE).alt == draw(three, MACHINE).alt


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
    assert run.run_id == "guests-pigeon"
    assert HEADERS["browser"].fields(guest.name, "x:1") == HEADERS["browser"].fields("polling", "x:1")
    row = dict.fromkeys((column.name for column in table.COLUMNS), None) | {"run_id": "a", "transport": guest.name}
    table.write_runs(tmp_path / "runs.csv", [row])
    assert list(table.read_runs(tmp_path).transport) == [guest.name]
