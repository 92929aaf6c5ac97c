"""The README's numbers: written between its two markers from a results folder, never by hand."""

import re
from pathlib import Path

import pandas as pd

from results import summary, table
from results.table import Results
from results.transports import COMPARED, TRANSPORTS
from results.words import listed, number

BEGIN, END = "<!-- reference: written by `python -m results readme` -->", "<!-- /reference -->"
COLUMNS = {
    "latency_mean_ms": "mean latency, ms",
    "expected_mean_ms": "of it the model's, ms",
    "latency_p90_ms": "90 % within, ms",
    "overhead_per_delivery": "overhead a message, B",
    "requests_per_delivery": "requests a message",
    "server_cpu_us_per_delivery": "server CPU a message, µs",
}


def block(results: Results) -> str:
    """The real feed on the three transports as a Markdown table, with where it was measured."""
    runs, machine = results.runs, results.machine
    lines = [line for line in summary.compared(runs) if line.experiment == "real-feed" and line.counts]
    if not {line.transport for line in lines} >= set(COMPARED):
        raise table.TableError(f"{results.folder} has no valid runs of real-feed on all three transports")
    rows = [[line.transport, *(number(getattr(line, name)) for name in COLUMNS)] for line in lines]
    feed = table.valid(runs)[table.valid(runs).experiment == "real-feed"]
    rate, interval = feed.rate_hz.iloc[0], feed.poll_interval_s.dropna().iloc[0]
    heads = [f"the earthquakes, {rate:g} a second, polls every {interval:g} s", *COLUMNS.values()]
    marked = ["| " + " | ".join(cells) + " |" for cells in (heads, ["---"] * len(heads), *rows)]
    where = f"{lines[0].clients} clients, {machine['cores']} cores, Python {machine['python']}, {machine['date'][:10]}"
    return "\n".join([*marked, "", f"Measured by `{machine['command']}` ({where}). {joining(feed)}"])


def joining(runs: pd.DataFrame) -> str:
    """What a client costs before its first message, in a sentence; the table counts from then on."""
    each = runs.groupby("transport")[["joining_sent", "joining_received", "clients"]].sum()
    costs = (each.joining_sent + each.joining_received) / each.clients
    words = listed([f"{TRANSPORTS[name].words} {costs[name]:,.0f} B" for name in COMPARED])
    return f"Bytes, requests and CPU are those of the window alone. To join, beside them, takes {words} a client."


def write(readme: Path, results: Results) -> None:
    """Put the block between the markers of `readme`."""
    text = readme.read_text(encoding="utf-8")
    between = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    table.write_text(readme, between.sub(lambda _: f"{BEGIN}\n\n{block(results)}\n\n{END}", text))
