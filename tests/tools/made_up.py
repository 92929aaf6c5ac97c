"""A made-up results folder for the tests of `results/`.

Nothing here was measured. The numbers are of the size that a run on two cores gives, so that charts look as they will.
"""

import json
import shutil
from pathlib import Path

import numpy as np

from results import table, transports
from results.histogram import new_histogram
from results.samples import PERCENTILES, enough_for

OBSERVED = Path(__file__).with_name("observed.csv")  # of a run of the experiment `protocol`
HEADS = {"minimal": (60, 90), "python": (190, 130), "browser": (518, 180)}
PROCESSES = {
    name: {str(count): {"clients": 1000, "rate_hz": rate, "cpu_us_per_delivery": us + count,
                        "busiest_share": 1 + (count - 1) / 10, "redis_us_per_s": 1000 + rate * (100 + 20 * count),
                        "redis_bytes_per_s": rate * 300 * count}
           for count in (1, 2, 4)}
    for name, us, rate in (("polling", 300, 2.0), ("long-polling", 250, 1.0), ("websocket", 9, 10.0))
}  # fmt: skip
"""What the benchmark would have measured of several processes."""

MACHINE = {
    "cores": 2,
    "kernel": "Linux 6.1.0 x86_64",
    "python": "3.11.4",
    "packages": {"flask": "3.1.3", "gevent": "26.9.0", "locust": "2.47.0"},
    "command": "python -m loadtests --profile quick",
    "commit": "0123456789abcdef0123456789abcdef01234567",
    "date": "2026-10-28T09:30:00+00:00",
    "profile": "quick",
    "floors": [
        {"transport": "websocket", "clients": 1, "tls": False, "link": True, "ms": 0.5, "half_ms": 0.025},
        {"transport": "long-polling", "operation": "feed", "clients": 8, "rate_hz": 10.0, "payload_bytes": 142,
         "keep_alive": False, "tls": True, "repeat": 2, "link": True, "ms": 1.5, "half_ms": None, "messages": 104,
         "away_ms": 3.25},
    ],
    "benchmark": {"processes": PROCESSES, "date": "2026-10-28T11:00:00+00:00", "commit": "0123456789ab"},
}  # fmt: skip


def samples_ms(transport, interval, clients, rng, size, rate, rtt_ms):
    """Latencies in ms as the model has them: uniform over the poll interval, or about a millisecond."""
    floor = rng.lognormal(np.log(0.9 + clients / 400), 0.35, size) + rtt_ms / 2
    if transport == "polling":
        return floor + rng.uniform(0, 1000 * interval, size)
    return floor + (
        rng.uniform(0, 4, size) * (rng.random(size) < 0.1) + 0.2 + rtt_ms * away_share(rate, rtt_ms) / 2
        if transport == "long-polling"
        else 0
    )


def away_share(rate, rtt_ms):
    """The share of the time that a long-polling client is not parked, on kept connections."""
    busy = rate * rtt_ms / 1000
    return busy / (busy + np.exp(-busy))


def requests(transport, interval, rate, messages, seconds):
    """Requests of one client, those with an empty answer, and connections."""
    if transport == "websocket":
        return 0, 0, 2
    if transport == "long-polling":
        return messages + 1, 1, 1
    polls = max(1, round(seconds / interval))
    return polls, round(polls * np.exp(-rate * interval)), 1


def ledger(transport, profile, cookie_bytes, polls, empty, messages, size):
    """The six headings for one client, in bytes."""
    head, answer = HEADS[profile]
    if transport == "websocket":
        return dict(
            handshake=0,
            cookies=0,
            request_head=0,
            response_head=0,
            framing=4 * messages,
            payload=size * messages,
        )
    return dict(
        handshake=0,
        cookies=cookie_bytes * polls,
        request_head=head * polls,
        response_head=answer * polls,
        framing=messages,
        payload=size * messages,
    )


def made_up_run(
    experiment,
    transport,
    number,
    rng,
    *,
    interval=1.0,
    clients=20,
    rate=2.0,
    profile="browser",
    cookie_bytes=0,
    repeat=1,
    seconds=20.0,
    rtt_ms=0.0,
    invalid_reason="",
    size=142,
    extra=None,
):
    """One row of runs.csv, and its latencies in ms; `extra` are cells instead of those."""
    messages = round(rate * seconds)
    polls, empty, connections = requests(transport, interval, rate, messages, seconds)
    bytes_by_heading = {
        name: n * clients for name, n in ledger(transport, profile, cookie_bytes, polls, empty, messages, size).items()
    }
    latency = samples_ms(transport, interval, clients, rng, messages * clients, rate, rtt_ms)
    wire, deliveries = sum(bytes_by_heading.values()), messages * clients
    us = (10 + 200 / clients if transport == "websocket" else 450 * polls / messages) * rng.uniform(0.95, 1.05)
    held = seconds / polls * (1 - away_share(rate, rtt_ms)) + rtt_ms / 1000 if polls else None
    row = dict.fromkeys(column.name for column in table.COLUMNS)
    percentiles = {
        name: np.percentile(latency, percent) if enough_for(percent, messages) else None
        for name, percent in PERCENTILES.items()
    }
    row |= bytes_by_heading | percentiles | dict(
        run_id=f"{experiment}-{number:03}-{transport}", experiment=experiment, transport=transport, operation="feed",
        repeat=repeat, attempt=1, clients=clients, rate_hz=rate, arrivals="poisson", seed=7, payload_bytes=size,
        poll_interval_s=interval if transport == "polling" else None,
        hold_s=25.0 if transport == "long-polling" else None, rtt_ms=rtt_ms, header_profile=profile,
        cookie_bytes=cookie_bytes, keep_alive=True, tls=False, deflate=False, duration_s=seconds,
        published=messages, deliveries=deliveries, lost=0, duplicated=0, out_of_order=0, requests=polls * clients,
        empty_responses=empty * clients, connections=connections * clients,
        joining_sent=400 * clients, joining_received=200 * clients, joining_segments=7 * clients,
        wire_sent=wire // 3, wire_received=wire - wire // 3,
        overhead_per_delivery=(wire - bytes_by_heading["payload"]) / deliveries, segments_sent=9, segments_received=9,
        latency_mean_ms=latency.mean(), latency_max_ms=latency.max(),
        latency_mean_ci_ms=2 * latency.std() / np.sqrt(messages),
        clock="kernel", generator_delay_p99_ms=0.4, server_cpu_share=us * deliveries / seconds / 1e6,
        server_cpu_us_per_delivery=us, held_mean_s=held if transport == "long-polling" else None,
        joining_mean_ms=(4 if transport == "websocket" else 2) * rtt_ms + 1.0, floor_ms=1.0 if rtt_ms else None,
        floor_asking_ms=(0.25 if transport == "long-polling" else 0.0) if rtt_ms else None,
        expected_mean_ms=expected_ms(transport, interval, rate, rtt_ms),
        server_rss_mib=60.0 + 0.02 * clients, generator_cpu_share=0.4, generator_lag_p99_ms=1.0,
        publisher_late_p99_ms=0.5,
        valid=not invalid_reason, invalid_reason=invalid_reason,
    )  # fmt: skip
    return row | (extra or {}), latency


def expected_ms(transport, interval, rate, rtt_ms):
    """As the model has it."""
    waiting = {"polling": 500 * interval, "long-polling": rtt_ms * away_share(rate, rtt_ms) / 2}
    return rtt_ms / 2 + waiting.get(transport, 0.0)


WRAPPED = ({"tls": True}, {"payload_bytes": None}, {"payload_bytes": None, "deflate": True})


def conditions():
    """What was "run": experiment, and the parameters that differ from the defaults."""
    yield from (("real-feed", {"rate": 5.0, "repeat": repeat, "seconds": 40.0}) for repeat in (1, 2, 3))
    yield from (("overhead", {"profile": profile}) for profile in HEADS)
    yield "overhead", {"profile": "browser", "cookie_bytes": 1024}
    slow = {"interval": 2.0, "profile": "minimal"}
    yield from (("update-rate", slow | {"rate": rate, "seconds": max(20, 30 / rate)}) for rate in (0.2, 1.0, 5.0, 50.0))
    yield from (("latency", {"interval": interval}) for interval in (0.25, 1.0, 4.0))
    yield from (("latency", {"interval": 0.5, "rtt_ms": rtt_ms}) for rtt_ms in (20.0, 100.0, 400.0))
    yield "latency", {"interval": 0.5, "rtt_ms": 100.0, "extra": {"keep_alive": False}}
    yield from (("overhead", {"profile": "browser", "extra": extra}) for extra in WRAPPED)
    for link_mbps in (0.25, 1.0, 100.0):
        slow = {"interval": 0.505, "rtt_ms": 20.0, "rate": 20.0, "clients": 1, "extra": {"link_mbps": link_mbps}}
        yield from (("link-rate", slow | head) for head in ({"profile": "minimal"}, {"cookie_bytes": 1024}))
    for tls in (False, True):
        yield "connection", {"rtt_ms": 50.0, "extra": {"tls": tls, "keep_alive": True}}
        yield "connection", {"rtt_ms": 50.0, "extra": {"tls": tls, "keep_alive": False}}
    for size in (1, 1024, 65_536):
        yield "upstream", {"size": size, "rtt_ms": 50.0, "extra": {"operation": "echo"}}
    game = {"operation": "duplex", "upstream_mean_ms": 26.0}
    yield "upstream", {"clients": 4, "rate": 30.0, "interval": 0.105, "rtt_ms": 50.0, "extra": game}
    for fault, seconds in (("cut", 0.4), ("reset", 0.8), ("restart", 1.1)):
        for repeat in (1, 2):
            extra = {"fault": fault, "recovery_s": seconds * repeat}
            yield "outage", {"rate": 20.0, "seconds": 8.0, "repeat": repeat, "extra": extra}
    packets = {"path": "packets", "loss_percent": 0.0, "queue_packets": None}
    for rate in (1.0, 10.0, 50.0):
        for loss in (0.0, 1.0, 3.0):
            extra = packets | {"loss_percent": loss, "retransmissions": round(10 * loss)}
            yield "loss", {"rtt_ms": 50.0, "rate": rate, "interval": 0.525, "seconds": 42.0, "extra": extra}
    for size, new_ms, idle_ms in ((1024, 102.0, 51.0), (16_384, 202.0, 151.0), (262_144, 529.0, 454.0)):
        echo = packets | {"operation": "echo"}
        for rate, cells in ((2.0, {"keep_alive": False, "latency_mean_ms": new_ms}),
                            (8.0, {"latency_mean_ms": 52.0}), (0.5, {"latency_mean_ms": idle_ms})):
            yield "slow-start", {"rtt_ms": 50.0, "rate": rate, "size": size, "seconds": 80.0, "extra": echo | cells}
    for cookie_bytes, new_ms in ((12_288, 102.0), (16_384, 153.0)):
        cells = echo | {"keep_alive": False, "latency_mean_ms": new_ms}
        yield "slow-start", {"rtt_ms": 50.0, "size": 1, "cookie_bytes": cookie_bytes, "extra": cells}
    for queue, fault in ((200, ""), (20, "upload"), (200, "upload")):
        extra = packets | {"queue_packets": queue, "link_mbps": 2.0, "fault": fault}
        yield "bufferbloat", {"rtt_ms": 50.0, "rate": 10.0, "interval": 0.525, "extra": extra}
    yield from (("scale", {"clients": clients}) for clients in (10, 30, 100, 300, 900))
    yield "scale", {"clients": 2000, "invalid_reason": "generator CPU share 0.97 is above 0.85"}


def make(folder, seed=1, only=None):
    """Write a whole results folder, or one of an experiment alone; returns its path."""
    rng, rows = np.random.default_rng(seed), []
    (folder / "latency").mkdir(parents=True)
    for number, (experiment, parameters) in enumerate(conditions(), 1):
        if only not in (None, experiment):
            continue
        for transport in transports.COMPARED:
            if transport != "polling" and parameters.get("interval") in (0.25, 4.0):
                continue
            operation, closing = (parameters.get("extra", {}).get(name) for name in ("operation", "keep_alive"))
            if (transport, operation) == ("long-polling", "echo") or (transport, closing) == ("websocket", False):
                continue
            row, latency = made_up_run(experiment, transport, number, rng, **parameters)
            histogram = new_histogram()
            for microseconds in np.rint(latency * 1000).astype(int):
                histogram.record_value(int(microseconds))
            (folder / "latency" / f"{row['run_id']}.hdr").write_bytes(histogram.encode())
            rows.append(row)
    table.write_runs(folder / "runs.csv", rows)
    shutil.copy(OBSERVED, folder / "observations.csv")
    (folder / "machine.json").write_text(json.dumps(MACHINE))
    return folder
