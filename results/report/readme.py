"""The numbers in README and docs: written between their markers from a results folder, never by hand."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from results import processes, summary, table
from results.costs import answers_in_words, cost_runs, prices
from results.costs import price_words as priced
from results.cpu_breakdown import cpu_by_layer, per_cent
from results.report import history, soak
from results.report.answer import answer
from results.select import NotMeasured, joining_bytes
from results.table import Results
from results.transports import COMPARED, TRANSPORTS
from results.words import WORDS, listed, milliseconds, number

BEGIN, END = "<!-- {}: written by `python -m results readme` -->", "<!-- /{} -->"
MANY = 100  # clients
COLUMNS = {
    "latency_mean_ms": "mean latency, ms",
    "latency_p90_ms": "90 % arrive within, ms",
    "overhead_per_delivery": "overhead per message, B",
    "requests_per_delivery": "requests per message",
}


def answer_block(results: Results) -> str:
    """The answer in sentences, and the real feed on the three transports as a table, with where it was measured."""
    runs, machine = results.runs, results.machine
    lines = [line for line in summary.compared(runs[runs["transport"].isin(COMPARED)])
             if line.experiment == "real-feed" and line.counts]  # fmt: skip
    if not {line.transport for line in lines} >= set(COMPARED):
        raise table.TableError(f"{results.folder} has no valid runs of real-feed on all three transports")
    rows = [[TRANSPORTS[line.transport].title, *(number(getattr(line, name)) for name in COLUMNS)] for line in lines]
    feed = table.valid(runs[runs["experiment"] == "real-feed"])
    rate, interval = feed.rate_hz.iloc[0], feed.poll_interval_s.dropna().iloc[0]
    heads = [f"{rate:g} messages/s, polls every {interval:g} s", *COLUMNS.values()]
    where = f"{lines[0].clients} clients, {machine['cores']} cores, Python {machine['python']}, {machine['date'][:10]}"
    measured = f"Measured by `{machine['command']}` ({where}). {joining(feed)}"
    sentences = bullets(*answer(runs))
    return f"{sentences}\n\n{markdown_table(heads, rows)}\n\n{measured}"


def joining(runs: pd.DataFrame) -> str:
    """What a client costs before its first message, in a sentence; the table counts from then on."""
    each = runs.groupby("transport")[["joining_sent", "joining_received", "clients"]].sum()
    costs = joining_bytes(each) / each.clients
    words = listed([f"{costs[name]:,.0f} B by {TRANSPORTS[name].words}" for name in COMPARED])
    return f"Connecting costs another {words}."


def scale(runs: pd.DataFrame) -> pd.DataFrame:
    return table.valid(runs[runs["experiment"] == "scale"])


def trust_block(results: Results) -> str:
    """How large the load generator's part is, for one client and for many; and what takes the server's CPU."""
    loads, rows = scale(results.runs), []
    counts = loads["clients"].min(), loads["clients"][loads["clients"] <= MANY].max()
    for clients in counts:
        mine = loads[loads["clients"] == clients].groupby("transport")["generator_delay_p99_ms"].max()
        rows.append([WORDS["clients"](int(clients)), *(milliseconds(mine[name]) for name in COMPARED)])
    heads = ["the load generator reads 99 % of messages within, ms", *(TRANSPORTS[name].title for name in COMPARED)]
    found, rare = {name: prices(cost_runs(results.runs), name) for name in COMPARED}, []
    if not (poll := found["polling"].answer).fits:
        del found["polling"]
        rare = [f"A poll has no single price: {priced(poll)}. Where polls are rare, each wakes a sleeping process."]
    cpu = f"The server's CPU, fitted over the loads of `scale`: {answers_in_words(found)}."
    parts = [markdown_table(heads, rows), "None of this is in a latency by the kernel's clock.", bullets(cpu, *rare)]
    if compared := cpu_by_layer(results.machine):
        parts += ["The benchmark measures at other loads, beside other servers:", bullets(*compared)]
    return "\n\n".join(parts)


def bullets(*sentences: str) -> str:
    """A list in Markdown."""
    return "\n".join(f"- {sentence}" for sentence in sentences)


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


def history_block(results: Results) -> str:
    """The argument's history as a table, each step with the lab's number."""
    heads = ["year", "what came", "source", "in this lab"]
    return markdown_table(heads, history.rows(results))


def processes_block(results: Results) -> str:
    """What one, two and four processes deliver, and what Redis pays, as a table and a sentence."""
    try:
        found, redis = processes.measured(results.machine), processes.redis_costs(results.machine)
    except NotMeasured as missing:
        raise table.TableError(str(missing)) from None
    counts = sorted({each.processes for each in found})
    heads = [f"deliveries per second, each process {per_cent(processes.FULL)} busy"]
    heads += [f"{count} process{'es' * (count > 1)}" for count in counts] + ["fullest process, times an even share"]
    rows = []
    for name in COMPARED:
        own = {each.processes: each for each in found if each.transport == name}
        cells = [number(own[count].deliveries_per_s) for count in counts]
        rows.append([TRANSPORTS[name].title, *cells, f"{max(each.busiest_share for each in own.values()):.2f}"])
    clients = listed(sorted({f"{each.clients:,}" for each in found}))
    return (
        f"{markdown_table(heads, rows)}\n\nFrom the CPU time of {clients} clients, were each process alone on a core. "
        f"Redis takes {number(redis.us)} µs of CPU a message, and {number(redis.us_each)} µs more for each process."
    )


BLOCKS = {
    "processes": ("docs/processes.md", processes_block),
    "history": ("docs/history.md", history_block),
    "answer": ("README.md", answer_block),
    "trust": ("docs/trust.md", trust_block),
    "soak": ("docs/limits.md", soak_block),
}
"""By name: the page in which a block stands, and what it is made by."""


def markers(name: str) -> tuple[str, str]:
    """The lines of a page between which a block stands."""
    return BEGIN.format(name), END.format(name)


def write(root: Path, results: Results) -> None:
    """Put each block between its markers, in the pages below `root`."""
    for name, (page, make) in BLOCKS.items():
        text = (root / page).read_text(encoding="utf-8")
        begin, end = markers(name)
        before, after = text.split(begin)[0], text.split(end)[1]
        table.write_text(root / page, f"{before}{begin}\n\n{make(results)}\n\n{end}{after}")
