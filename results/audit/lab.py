"""This lab's own bytes in the article's table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from results import table
from results.audit.quantum import PLAIN_AND_TIMESTAMPED, Basis, Segments, ratio


@dataclass(frozen=True)
class Measured:
    """Of the runs of one transport, all of them together: measured, the only such numbers here.

    `overhead_per_delivery` as in `runs.csv`. `framing_per_delivery` is an LF, or what a WebSocket message costs once
    the handshake is paid. Segments are counted in both directions, with handshakes; None where a run lacks them.
    """

    overhead_per_delivery: float
    framing_per_delivery: float
    requests_per_delivery: float
    segments_per_delivery: float | None

    @property
    def overhead_per_poll(self) -> float:
        """What a poll costs that brings one message: all the headers of an exchange, and the framing of one message."""
        heads = self.overhead_per_delivery - self.framing_per_delivery
        return heads / self.requests_per_delivery + self.framing_per_delivery

    @property
    def segments_per_request(self) -> float | None:
        return ratio(self.segments_per_delivery, self.requests_per_delivery)


LABS = {"browser": "this lab", "2010": "this lab with the article's heads"}
"""Whose heads, by header profile."""
DELIVERED = "as delivered"


def measured(runs: pd.DataFrame, transport: str, header_profile: str = "browser") -> Measured | None:
    """The valid, faultless feed runs with these headers, no further cookies and no TLS on kept connections.

    None if there is none.
    """
    chosen = _plain(table.valid(runs), transport, header_profile)
    deliveries = _total(chosen, "deliveries")
    if not deliveries:
        return None
    overhead = (chosen["overhead_per_delivery"] * chosen["deliveries"]).sum() / deliveries
    sent, received = _total(chosen, "segments_sent"), _total(chosen, "segments_received")
    segments = None if sent is None or received is None else (sent + received) / deliveries
    framing, requests = (chosen[name].sum() / deliveries for name in ("framing", "requests"))
    return Measured(float(overhead), float(framing), float(requests), segments)


def _plain(runs: pd.DataFrame, transport: str, header_profile: str) -> pd.DataFrame:
    wanted = {"transport": transport, "operation": "feed", "fault": "", "header_profile": header_profile,
              "cookie_bytes": 0, "tls": False, "deflate": False, "keep_alive": True}
    matches = pd.DataFrame({name: (runs[name] == value).fillna(False) for name, value in wanted.items()})
    return runs[matches.all(axis="columns")]


def _total(runs: pd.DataFrame, column: str) -> float | None:
    """The sum, None unless every run has the number."""
    return None if runs.empty or runs[column].isna().any() else float(runs[column].sum())


def lab_bases(runs: pd.DataFrame, segments: Sequence[Segments] = PLAIN_AND_TIMESTAMPED) -> list[Basis]:
    """This lab's bytes in the article's table: as its runs delivered, at one message a poll, and with their segments.

    As delivered, polls bring batches; at one message a poll, as in the article, the headers of a poll stand against a
    frame. A row each with a browser's heads and with the article's own, where both transports were run with them.
    """
    return [basis for profile in LABS for basis in _of_profile(runs, segments, profile)]


def _of_profile(runs: pd.DataFrame, segments: Sequence[Segments], header_profile: str) -> list[Basis]:
    lab = LABS[header_profile]
    polling, websocket = (measured(runs, transport, header_profile) for transport in ("polling", "websocket"))
    if polling is None or websocket is None:
        return []
    source = f"measured: runs.csv, header profile {header_profile}"
    poll, frame = polling.overhead_per_poll, websocket.framing_per_delivery
    return [
        Basis(f"{lab}, {DELIVERED}", source, polling.overhead_per_delivery, websocket.overhead_per_delivery),
        Basis(f"{lab}, one message a poll", source, poll, frame),
        *(_lab_on_ip(lab, polling, websocket, each.heads, source) for each in segments),
    ]


def _lab_on_ip(lab: str, polling: Measured, websocket: Measured, heads: int, source: str) -> Basis:
    name = f"{lab}, one message a poll, its segments at {heads} B"
    polls, pushes = polling.segments_per_request, websocket.segments_per_delivery
    return Basis(
        name,
        source,
        None if polls is None else polling.overhead_per_poll + polls * heads,
        None if pushes is None else websocket.framing_per_delivery + pushes * heads,
    )
