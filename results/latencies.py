"""The latencies of a results folder's runs, as their histograms keep them."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable
from pathlib import Path

from hdrh.codec import HdrCookieException, HdrLengthException
from hdrh.histogram import HdrHistogram

from results.histogram import new_histogram
from results.table import TableError


def read_latencies(folder: str | os.PathLike[str], run_ids: Iterable[str]) -> HdrHistogram:
    """The latencies of these runs in one histogram, in microseconds, from `folder/latency/<run_id>.hdr`.

    Raises TableError for a run whose file is missing or broken.
    """
    merged = new_histogram()
    for run_id in run_ids:
        _merge(merged, Path(folder) / "latency" / f"{run_id}.hdr")
    return merged


def _merge(histogram: HdrHistogram, path: Path) -> None:
    if not path.is_file():
        raise TableError(f"there is no histogram {path}")
    try:
        histogram.decode_and_add(path.read_bytes().strip())
    except (ValueError, IndexError, zlib.error, HdrCookieException, HdrLengthException) as error:
        raise TableError(f"{path} is not an encoded histogram: {error}") from None
