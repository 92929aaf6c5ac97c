"""A load from several hosts: the same bytes as from one, and the same latency within the bound of the clocks."""

import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools.lab import ROOT, WAIT
from tools.processes import ended, tree

from loadtests.packets.devices import FAR
from loadtests.runs.packet_path import PacketPath
from loadtests.users.clocks import Offset, bound_over, offset_of
from results.table import read_runs

LOAD = ["--clients", "6", "--rate", "20", "--duration", "2", "--poll-interval", "0.25"]


# ---- Clocks


@given(st.floats(-3600, 3600), st.lists(st.tuples(st.floats(0, 0.5), st.floats(0, 0.5)), min_size=1, max_size=9))
def test_an_offset_is_right_within_its_bound(offset, ways):
    """Whatever the ways there and back take."""
    exchanges = [(1000.0, 1000.0 + there + offset, 1000.0 + there + back) for there, back in ways]
    found = offset_of(exchanges)
    assert abs(found.seconds - offset) <= found.bound_s + 1e-9
    assert found.bound_s == pytest.approx(min(there + back for there, back in ways) / 2, abs=1e-9)


def test_a_clock_that_drifts_widens_the_bound():
    assert bound_over(Offset(1.0, 0.001), Offset(1.0, 0.002)) == 0.002
    assert bound_over(Offset(1.0, 0.001), Offset(1.010, 0.002)) == pytest.approx(0.012)
    assert bound_over(Offset(), Offset()) == 0


# ---- Hosts


@contextmanager
def workers(count, address, prefix=()):
    """So many hosts that play clients."""
    with ExitStack() as started:
        command = [*prefix, sys.executable, "-m", "loadtests", "worker", address]
        processes = [started.enter_context(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL))
                     for _ in range(count)]  # fmt: skip
        time.sleep(0.5)
        trees = [each for process in processes for each in tree(process.pid)]
        try:
            yield
        finally:
            for process in processes:
                process.terminate()
                process.wait(WAIT)
            for each in trees:
                if each.is_running():
                    each.kill()
            assert ended(trees)


def measured(folder, *options, prefix=()):
    """The runs of a comparison."""
    command = [*prefix, sys.executable, "-m", "loadtests", *LOAD, "--out", str(folder), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200)
    assert done.returncode in (0, 1) and "Traceback" not in done.stderr, done.stderr
    return read_runs(folder).groupby("transport").last()


@pytest.mark.starts
@pytest.mark.long
@pytest.mark.timeout(400)
def test_two_hosts_in_namespaces_give_what_one_gives(packets, tmp_path):
    """The path between them has no delay: latencies differ by what the clocks leave open, and by the machine."""
    with ExitStack() as children:
        path = PacketPath(children)
        with workers(2, FAR, path.near.prefix()):
            several = measured(tmp_path / "several", "--hosts", "2", "--address", FAR, prefix=path.server_prefix)
    one = measured(tmp_path / "one")
    for transport in one.index:
        assert list(several.loc[transport][["lost", "duplicated", "out_of_order"]]) == [0, 0, 0]
        assert "deliveries of" not in str(several.loc[transport, "invalid_reason"]), "each client had each message"
        assert several.loc[transport, "joining_sent"] == one.loc[transport, "joining_sent"]
        for runs in (several, one):
            assert runs.loc[transport, "payload"] == 142 * runs.loc[transport, "deliveries"]
    for transport in ("polling", "long-polling"):
        (heads, asked), (other_heads, others) = (table.loc[transport, ["request_head", "requests"]]
                                                 for table in (several, one))  # fmt: skip
        assert heads / asked == pytest.approx(other_heads / others, rel=0.01), "a seq may have a digit more"
    assert several.loc["websocket", "overhead_per_delivery"] == one.loc["websocket", "overhead_per_delivery"] == 4
    bound = several["clock_bound_ms"]
    assert (bound > 0).all() and (bound < 50).all() and one["clock_bound_ms"].isna().all()
    apart = abs(several.loc["websocket", "latency_p50_ms"] - one.loc["websocket", "latency_p50_ms"])
    assert apart < bound["websocket"] + 20, "ms; the rest is for a busy machine"


@pytest.mark.parametrize(("options", "complaint"), [
    (["--hosts", "2"], "--hosts and --address go together"),
    (["--hosts", "2", "--address", "a", "--rtt", "5"], "--hosts is for a workload over the network that there is"),
    (["--hosts", "2", "--address", "a"], "--hosts is for a workload over the network that there is"),
])  # fmt: skip
@pytest.mark.starts
def test_what_hosts_do_not_go_with_is_one_line(options, complaint):
    given = LOAD if "--rtt" in options else []
    command = [sys.executable, "-m", "loadtests", *given, *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2 and complaint in done.stderr.splitlines()[-1]
