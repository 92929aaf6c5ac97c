"""What a results folder knows of costs: CPU prices, bytes of heads, memory and joining of a client, by transport."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from results import table
from results.costs import Prices, cost_runs, prices
from results.crossings import heads_of
from results.model import Heads
from results.select import NotMeasured, joining_bytes, ratio_of_sums, without_tls_or_deflate
from results.table import Results
from results.transports import COMPARED, TRANSPORTS

TLS_RECORD = 22
"""Bytes that a TLS 1.3 record adds: 5 of header, 1 of type, 16 of tag (RFC 8446 section 5.2)."""


@dataclass(frozen=True)
class FittedCosts:
    """What one transport costs on the machine that was measured.

    - `prices`: CPU. `heads`: the bytes of an exchange without cookies, None for a transport without requests.
    - `memory` and `joining`: bytes for each client. `memory_of_process`: bytes of a server process without clients.
    - `base_ms`: what a message takes without a network.
    """

    prices: Prices
    heads: Heads | None
    memory: float
    joining: float
    base_ms: float
    memory_of_process: float = 0.0


def best_costs(folders: Iterable[Results | None], header_profile: str) -> tuple[dict[str, FittedCosts], str]:
    """The costs from the first of these folders that knows them, and in words from where; NotMeasured if none does."""
    missing = "there are no results"
    for results in folders:
        try:
            if results is not None:
                machine = results.machine
                where = f"{results.folder.name}, {machine.get('date', '')[:10]}, {machine.get('cores', '?')} cores"
                return fitted_costs(results.runs, header_profile), f"the costs fitted to {where}"
        except NotMeasured as error:
            missing = str(error)
    raise NotMeasured(f"the costs are not known: {missing}")


def fitted_costs(runs: pd.DataFrame, header_profile: str) -> dict[str, FittedCosts]:
    """By transport, from `scale` (memory; with `idle`, CPU), `overhead` (requests, joining), `update-rate` (responses).

    NotMeasured if one of them lacks valid runs of a transport, or `overhead` the header profile.
    """
    good = table.valid(runs)
    scale, overhead = (
        good[good["experiment"] == "scale"],
        without_tls_or_deflate(good[good["experiment"] == "overhead"]),
    )
    rates = good[(good["experiment"] == "update-rate") & (good["transport"] == "polling")]
    plain = overhead[(overhead["header_profile"] == header_profile) & (overhead["cookie_bytes"].fillna(0) == 0)]
    if rates.empty:
        raise NotMeasured("`update-rate` was not run, and so the size of an empty response is not known")
    return {
        name: _one(prices(cost_runs(good), name), name, _of(scale, name, "scale"), _of(plain, name, "overhead"), rates)
        for name in COMPARED
    }


def _of(runs: pd.DataFrame, transport: str, where: str) -> pd.DataFrame:
    mine = runs[runs["transport"] == transport]
    if mine.empty:
        raise NotMeasured(f"no valid {transport} run of {where} with these headers")
    return mine


def _one(
    found: Prices, transport: str, scale: pd.DataFrame, overhead: pd.DataFrame, polls: pd.DataFrame
) -> FittedCosts:
    heads, few = None, scale[scale["clients"] == scale["clients"].min()]
    if TRANSPORTS[transport].asks:
        responses = heads_of(polls)
        heads = Heads(ratio_of_sums(overhead, "request_head", "requests"), responses.empty_response, responses.response)
    joining = joining_bytes(overhead)
    return FittedCosts(
        found,
        heads,
        memory_of(scale)[0],
        float(joining.sum() / overhead["clients"].sum()),
        float((few["latency_mean_ms"] - few["expected_mean_ms"].fillna(0)).clip(lower=0).mean()),
        memory_of(scale)[1],
    )


def memory_of(runs: pd.DataFrame) -> tuple[float, float]:
    """Bytes of the server's memory for each client more, and without any: a line through the loads of one transport.

    Neither is below 0.
    """
    loads = runs.groupby("clients")["server_rss_mib"].median()
    clients, mib = loads.index.to_numpy(dtype=float), loads.to_numpy(dtype=float)
    slope, base = np.polyfit(clients, mib, 1) if len(loads) > 1 else (0.0, float(mib.mean()))
    return max(float(slope), 0.0) * 2**20, max(float(base), 0.0) * 2**20
