"""The histogram that every latency is kept in; apart from the tables, so that a load generator starts fast."""

from hdrh.histogram import HdrHistogram


def new_histogram() -> HdrHistogram:
    """An empty histogram of latencies in MICROSECONDS, 1 µs to 1 h, three significant digits, as every run keeps."""
    return HdrHistogram(1, 3_600_000_000, 3)
