"""The README's numbers: written between its two markers from a results folder, never by hand."""

import re
from pathlib import Path

from results import summary, table
from results.table import Results
from results.transports import COMPARED
from results.words import number

BEGIN, END = "<!-- reference: written by `python -m results readme` -->", "<!-- /reference -->"
COLUMNS = {
    "latency_p50_ms": "half within, ms",
    "latency_p99_ms": "99 % within, ms",
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
    pushed = feed[feed.transport == "websocket"]
    rate, interval = feed.rate_hz.iloc[0], feed.poll_interval_s.dropna().iloc[0]
    spread = pushed.handshake.sum() / pushed.deliveries.sum()
    heads = [f"the earthquakes, {rate:g} a second, polls every {interval:g} s", *COLUMNS.values()]
    marked = ["| " + " | ".join(cells) + " |" for cells in (heads, ["---"] * len(heads), *rows)]
    where = f"{lines[0].clients} clients, {machine['cores']} cores, Python {machine['python']}, {machine['date'][:10]}"
    note = f"Of WebSocket's overhead {spread:.1f} B are its handshake, paid once and spread over this run's messages."
    return "\n".join([*marked, "", f"Measured by `{machine['command']}` ({where}). {note}"])


def write(readme: Path, results: Results) -> None:
    """Put the block between the markers of `readme`."""
    text = readme.read_text(encoding="utf-8")
    between = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
    table.write_text(readme, between.sub(lambda _: f"{BEGIN}\n\n{block(results)}\n\n{END}", text))
