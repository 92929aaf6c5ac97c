"""The model over a run's own publication times: the latencies that it should have measured."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from results.model import ModelError, polling_mean, turnaround, websocket_mean
from results.transports import TRANSPORTS


def expected_latencies(
    transport: str,
    published: Sequence[float],
    *,
    one_way_delay: float,
    earlier: Sequence[float] = (),
    poll_interval: float | None = None,
    hold: float | None = None,
    connection: str = "kept",
    question: float = 0.0,
    answer: float = 0.0,
    added: float = 0.0,
) -> NDArray[np.float64]:
    """The latency in seconds that the model gives for each of the messages published at these times, over all clients.

    `published` holds at least one time in seconds, ascending; the shape is its own. `question` and `answer` are the
    seconds that their bytes take at the link's rate: the answer's belong to its transit. A client that only listens: τ
    each. Polling at
    a fixed cadence: T/2 + τ each, the exact expectation over a uniform phase and therefore the same whenever messages
    are published; clients' drawn phases scatter around it. Long polling: `long_polling_waits`, from the first of the
    `earlier` messages on, which are left out; the client is away for a question and an answer, and `added` seconds.
    Polling needs `poll_interval`, long polling `hold`; only a transport's own is looked at. ModelError if it is
    missing, or for an unknown transport.
    """
    _check(published)
    if transport in TRANSPORTS and not TRANSPORTS[transport].asks:  # the server sends each message as it is published
        return np.full(len(published), float(websocket_mean(one_way_delay)) + answer)
    if transport == "polling" and poll_interval is not None:
        return np.full(len(published), float(polling_mean(one_way_delay, poll_interval, connection)) + answer)
    if transport == "long-polling" and hold is not None:
        gone = float(turnaround(one_way_delay, connection)) + question + answer + added
        waits = long_polling_waits([*earlier, *published], gone, hold)
        return one_way_delay + answer + waits[len(earlier) :]
    raise ModelError(f"no model of {transport!r} with poll_interval={poll_interval} and hold={hold}")


def long_polling_waits(published: Sequence[float], gone: float, hold: float) -> NDArray[np.float64]:
    """How long each message waits at the server for a client which is away for `gone` (D) after each response.

    The client is parked when the first message comes. A response takes all that is there with it. Shape and unit of
    `published`; the latency is τ more.
    """
    _check(published)
    times = np.asarray(published, dtype=float)
    ascending = times.tolist()
    waits = np.empty_like(times)
    done, asked = 0, ascending[0]
    while done < len(ascending):
        answered = _response_times(asked, ascending[done], gone, hold)
        batch = slice(done, bisect_right(ascending, answered, lo=done))
        waits[batch] = answered - times[batch]
        done, asked = batch.stop, answered + gone
    return waits


def _response_times(asked: float, published: float, gone: float, hold: float) -> float:
    """When the message is sent to a client whose request came at `asked`: as it is published, or when it asks again.

    While nothing comes, the client is parked for `hold` and away for `gone` in turn.
    """
    if published <= asked:
        return asked
    into = (published - asked) % (hold + gone) if gone > 0 else 0.0
    return published if into <= hold else published + (hold + gone - into)


def _check(published: Sequence[float]) -> None:
    if len(published) == 0:
        raise ModelError("no publication times to replay")
    if np.any(np.diff(published) < 0):
        raise ModelError("publication times to replay must ascend")
