"""What a run is expected to measure: the model over its own publication times, and the floor of this machine."""

from loadtests.experiments.run import Run
from loadtests.runs.tally import Tally
from results.model import connection_mode
from results.replay import expected_mean


def floor_run(run: Run) -> Run:
    """The run that finds what is left of a latency at zero delay, on the same transport with the same security.

    Two clients and even arrivals, so that hardly a message waits for another; polls come at no fraction of theirs.
    """
    return Run(
        "floor",
        run.transport,
        clients=2,
        rate_hz=20.0,
        arrivals="even",
        poll_interval_s=0.037,
        header_profile="minimal",
        tls=run.tls,
        duration_s=2.0,
    )


def floor(run: Run, tally: Tally) -> float | None:
    """Seconds by which messages come later than the model says; None if none came."""
    modelled = expected_s(run, tally, 0.0)
    return None if modelled is None else tally.mean_s - modelled


def expected_s(run: Run, tally: Tally, floor_s: float) -> float | None:
    """The model's mean latency in seconds for this run's own publication times; None if there are none.

    The floor counts as part of the one-way delay: it lengthens a long-polling client's absence, too.
    """
    published = sorted(message.published_at for message in tally.messages.values())
    if not published:
        return None
    return expected_mean(
        run.transport,
        published,
        one_way_delay=run.rtt_ms / 2000 + floor_s,
        poll_interval=run.poll_interval_s,
        hold=run.hold_s,
        connection=connection_mode(run.keep_alive, run.tls),
    )
