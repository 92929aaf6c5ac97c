"""Lesson 6: the verdicts as tables, and the transport for your own workload."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from IPython.display import Markdown

from lessons.shown.recorded import all_verdicts, reference, verdict
from lessons.shown.sliders import Explorer, slider
from results import claims
from results.advice import (
    Estimate,
    FittedCosts,
    Workload,
    cheapest,
    choices,
    estimates,
    fitted_costs,
    polling_at_longest_interval,
)
from results.advice.estimates import WITHIN
from results.figures.layout import Chart, freeze_layout, new_figure, styled
from results.table import valid
from results.transports import COMPARED, TRANSPORTS
from results.words import describe, milliseconds, number

HEADERS = "browser"


def verdicts() -> pd.DataFrame:
    """The sixteen claims, each with its verdict in a sentence and the authority for it."""
    found = all_verdicts()
    rows = [[each.claim.words, each.sentence, each.claim.authority] for each in found]
    return pd.DataFrame(rows, [each.claim.id for each in found], ["claim", "verdict", "authority"])


def count() -> str:
    """How many hold, hold under a condition, and do not."""
    return claims.counted(all_verdicts())


def evidence(claim: str) -> Markdown:
    """A claim's verdict, and the table of its evidence."""
    found = verdict(claim)
    rows = "\n".join(f"| {what} | {result} |" for what, result in found.evidence)
    return Markdown(f"**{claim}. {found.claim.words}** {found.sentence}\n\n| what | found |\n|:---|:---|\n{rows}")


def reference_costs() -> Mapping[str, FittedCosts]:
    """The costs fitted to the reference, with a browser's headers."""
    return fitted_costs(valid(reference().runs), HEADERS)


def advise(**workload: float) -> pd.DataFrame:
    """What each transport would cost for a workload, computed; parameters as in `results.advice.Workload`.

    With a latency target polling has two rows: at the given interval, and at the longest that is fast enough.
    """
    wanted, costs = Workload(**workload), reference_costs()  # type: ignore[arg-type]
    found = choices(wanted, costs)
    best = cheapest(found)
    rows = [row(each, best) for each in found]
    return pd.DataFrame(rows, columns=["", "mean, ms", f"{100 * WITHIN:.0f} % within, ms", "soon enough", "requests/s",
                                       "kB/s", "cores", "cheapest"]).set_index("")  # fmt: skip


def row(offer: Estimate, best: Estimate | None) -> list[object]:
    soon = "yes" if offer.meets else "no"
    return [name_of(offer), milliseconds(offer.mean_ms), milliseconds(offer.within_ms), soon, number(offer.requests),
            number(offer.wire_bytes / 1000), number(offer.cores), "←" if offer is best else ""]  # fmt: skip


def name_of(offer: Estimate) -> str:
    every = f" every {offer.workload.poll_interval_s:.3g} s" if offer.transport == "polling" else ""
    return TRANSPORTS[offer.transport].title + every


def choose() -> Explorer:
    """Sliders for a workload: what each transport would take of a server's cores, and which is the cheapest."""
    costs = reference_costs()

    def draw(clients: int, rate: float, within_ms: int, rtt_ms: int) -> Chart:
        return chosen(Workload(clients=clients, rate_hz=rate, within_ms=within_ms, rtt_ms=rtt_ms), costs)

    return Explorer(draw, {
        "clients": slider("clients", [100, 1_000, 10_000, 100_000], 1_000),
        "rate": slider("messages a second", [0.05, 0.2, 1.0, 5.0, 20.0], 1.0),
        "within_ms": slider("90 % wanted within", [50, 100, 250, 1_000, 5_000, 60_000], 1_000, " ms"),
        "rtt_ms": slider("round trip", [0, 20, 50, 100, 200], 50, " ms"),
    })  # fmt: skip


@styled
def chosen(workload: Workload, costs: Mapping[str, FittedCosts]) -> Chart:
    """Cores for each transport, polling at the longest interval that is fast enough; hollow means too late."""
    found = [each for each in estimates(workload, costs) if each.transport != "polling"]
    found += polling_at_longest_interval(workload, costs["polling"])
    best = cheapest(found)
    title = "No transport is soon enough" if best is None else f"{name_of(best)} is the cheapest that is soon enough"
    asked = describe(vars(workload), ["clients", "rate_hz", "payload_bytes", "rtt_ms"])
    note = f"{asked}, {HEADERS} headers; 90 % wanted within {workload.within_ms:g} ms. Hollow: not soon enough. "
    note += "Computed from the costs of this lab's machine."
    figure = new_figure(title, note, height=4.2)
    axes = figure.subplots()
    found.sort(key=lambda each: COMPARED.index(each.transport), reverse=True)
    for place, each in enumerate(found):
        look = TRANSPORTS[each.transport]
        axes.barh(place, each.cores, color=look.colour if each.meets else "white", edgecolor=look.colour, linewidth=2)
        words = f"{number(each.cores)} cores\n{number(each.wire_bytes / 1000)} kB/s, {number(each.requests)} requests/s"
        axes.annotate(words, (each.cores, place), (8, 0), textcoords="offset points", va="center")
    axes.set_yticks(range(len(found)), [name_of(each) for each in found])
    axes.set(xlabel="cores of a server like this machine's", xlim=(0, 2.4 * max(each.cores for each in found)))
    axes.grid(axis="y", visible=False)
    freeze_layout(figure)
    late = {True: "", False: ", too late"}
    alt = "; ".join(f"{name_of(each)}: {number(each.cores)} cores{late[each.meets]}" for each in found)
    return Chart("chosen", figure, title, f"Bars of server cores. {alt}.")
