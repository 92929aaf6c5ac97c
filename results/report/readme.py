"""The README's numbers: written between their markers from a results folder, never by hand."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from results import summary, table
from results.costs import answers_in_words, cost_runs, prices
from results.costs import price_words as priced
from results.cpu_breakdown import cpu_by_layer
from results.report import soak
from results.table import Results
from results.transports import COMPARED, TRANSPORTS
from results.words import WORDS, listed, milliseconds, number

BEGIN, END = "<!-- {}: written by `python -m results readme` -->", "<!-- /{} -->"
MANY = 100  # clients
COLUMNS = {
    "latency_mean_ms": "mean latency, ms",
    "expected_mean_ms": "of it the model's, ms",
    "latency_p90_ms": "90 % within, ms",
    "overhead_per_delivery": "overhead a message, B",
    "requests_per_delivery": "requests a message",
}


def reference_block(results: Results) -> str:
    """The real feed on the three transports as a Markdown table, with where it was measured."""
    runs, machine = results.runs, results.machine
    lines = [line for line in summary.compared(runs) if line.experiment == "real-feed" and line.counts]
    if not {line.transport for line in lines} >= set(COMPARED):
        raise table.TableError(f"{results.folder} has no valid runs of real-feed on all three transports")
    rows = [[line.transport, *(number(getattr(line, name)) for name in COLUMNS)] for line in lines]
    feed = table.valid(runs)[table.valid(runs).experiment == "real-feed"]
    rate, interval = feed.rate_hz.iloc[0], feed.poll_interval_s.dropna().iloc[0]
    heads = [f"the earthquakes, {rate:g} a second, polls every {interval:g} s", *COLUMNS.values()]
    where = f"{lines[0].clients} clients, {machine['cores']} cores, Python {machine['python']}, {machine['date'][:10]}"
    measured = f"Measured by `{machine['command']}` ({where})."
    return f"{markdown_table(heads, rows)}\n\n{measured} {joining(feed)} {cpu(runs)}"


def joining(runs: pd.DataFrame) -> str:
    """What a client costs before its first message, in a sentence; the table counts from then on."""
    each = runs.groupby("transport")[["joining_sent", "joining_received", "clients"]].sum()
    costs = (each.joining_sent + each.joining_received) / each.clients
    words = listed([f"{TRANSPORTS[name].words} {costs[name]:,.0f} B" for name in COMPARED])
    return f"Bytes and requests are those of the window alone. To join, beside them, takes {words} a client."


def cpu(runs: pd.DataFrame) -> str:
    """What the server's CPU is paid for, in a sentence."""
    found = {name: prices(cost_runs(runs), name) for name in COMPARED}
    return f"The server's CPU, fitted over the loads of `scale` and on this stack: {answers_in_words(found)}."


def scale(runs: pd.DataFrame) -> pd.DataFrame:
    return table.valid(runs[runs["experiment"] == "scale"])


def trust_block(results: Results) -> str:
    """How large the load generator's part is, for one client and for many, and whose the server's CPU is."""
    loads, parts = scale(results.runs), []
    for clients in (loads["clients"].min(), loads["clients"][loads["clients"] <= MANY].max()):
        mine = loads[loads["clients"] == clients].groupby("transport")["generator_delay_p99_ms"].max()
        words = [f"{milliseconds(mine[name])} ms by {TRANSPORTS[name].words}" for name in COMPARED]
        parts.append(f"with {WORDS['clients'](int(clients))} {listed(words)}")
    waits = f"Of what has arrived, the load generator has 99 % within so long: {'; '.join(parts)}."
    waits = f"{waits} None of that is in a latency by the kernel's clock."
    poll = prices(cost_runs(results.runs), "polling").answer
    rare = "" if poll.fits else (f"A poll has no one price: {priced(poll)}. Where few come, each wakes a process that "
                                 "sleeps.")  # fmt: skip
    return " ".join(filter(None, [waits, rare, *cpu_by_layer(results.machine)]))


def soak_block(results: Results) -> str:
    """What was done to the servers, how often, and what was lost, as a Markdown table."""
    try:
        found = json.loads((results.folder / "soak.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise table.TableError(f"{results.folder} has no soak.json; `make soak` makes one with ARGS=--into") from None
    machine, seed = found["machine"], found["faults"]["seed"]
    where = f"{machine['cores']} cores, Python {machine['python']}, {machine['date'][:10]}, seed {seed}"
    return f"{markdown_table(soak.HEADS, soak.rows(found))}\n\nMeasured by `{machine['command']}` ({where})."


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (heads, ["---"] * len(heads), *rows))


BLOCKS = {"reference": reference_block, "trust": trust_block, "soak": soak_block}


def markers(name: str) -> tuple[str, str]:
    """The lines of the README between which a block stands."""
    return BEGIN.format(name), END.format(name)


def write(readme: Path, results: Results) -> None:
    """Put each block between its markers in `readme`."""
    text = readme.read_text(encoding="utf-8")
    for name, make in BLOCKS.items():
        begin, end = markers(name)
        before, after = text.split(begin)[0], text.split(end)[1]
        text = f"{before}{begin}\n\n{make(results)}\n\n{end}{after}"
    table.write_text(readme, text)
