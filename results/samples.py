"""What a sample of messages can carry: from how many on a percentile, or an interval, is stated."""

BEYOND = 5
"""Messages that must lie beyond a percentile: else it is the place of one of them."""
FEWEST_FOR_INTERVAL = 30
"""Messages below which the mean's interval is not stated."""
PERCENTILES = {"latency_p50_ms": 50.0, "latency_p90_ms": 90.0, "latency_p99_ms": 99.0, "latency_p999_ms": 99.9}
"""The columns of runs.csv that hold one, and which."""


def enough_for(percent: float, messages: int) -> bool:
    """Return whether a percentile of `messages` messages may be stated."""
    return round(messages * (1 - percent / 100), 6) >= BEYOND
