"""One packet lost on a path of packets, as tshark sees it at the client."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from typing import IO, Any

import pandas as pd

from lessons.live.recordings import NothingStarted, check_startable, recorded_or
from loadtests.packets.devices import FAR, NoNamespaces, check_possible
from loadtests.runs.packet_path import PacketPath
from loadtests.runs.processes import RunFailed, start
from results.folders import ROOT

DELAY_MS, APART_S = 25.0, 0.1
FIELDS = ("frame.time_relative", "ip.src", "tcp.seq", "tcp.ack", "tcp.len", "tcp.options.sack_le",
          "tcp.analysis.retransmission", "tcp.analysis.lost_segment", "tcp.analysis.out_of_order")  # fmt: skip
LONGEST_S, CUTS = 4.0, 3  # until the lost packet is seen again; and how often to try
LIVES_S = 60  # of a program that does not end with its input
SETTLE_S = 1.0  # until the client follows and tshark sees its packets
BEFORE, AFTER = 4, 4
"""Packets that are shown before the gap and after it."""


def lost_packet() -> pd.DataFrame:
    """The packets around a lost one at a WebSocket client: when, from whom, sequence numbers, and what is remarkable.

    One message is published every 0.1 s, over a round trip of 50 ms; the path is cut for as long. It needs tshark and
    network namespaces; without them, the recording.
    """
    return around_the_gap(recorded_or("lost packet", captured))


def captured() -> list[list[str]]:
    """What tshark prints of each packet that passes the client's end, by FIELDS."""
    check_startable()
    tshark = shutil.which("tshark")
    if tshark is None:
        raise NothingStarted("tshark is not installed")
    try:
        check_possible()
        with ExitStack() as children, tempfile.NamedTemporaryFile("w") as lines:
            path = PacketPath(children, "--delay-ms", str(DELAY_MS))
            source = ["--source", "clock", "--arrivals", "even", "--rate", str(1 / APART_S), "--size", "142"]
            arguments = ["-m", "servers", "websocket", "--port", "0", "--host", FAR, "--controlled", *source]
            server = start(children, "the websocket server", arguments, path.server_prefix)
            url = server.expect("urls", 30)["websocket"]
            command = [tshark, "-i", "near0", "-n", "-l", "-f", "tcp", "-T", "fields", "-E", "occurrence=f",
                       *(part for name in FIELDS for part in ("-e", name))]  # fmt: skip
            start_program(children, [*path.near.prefix(), *command], lines)
            time.sleep(SETTLE_S)
            start_program(children, [*path.load_prefix, sys.executable, "-m", "clients", "websocket", url])
            server.send(do="start")
            time.sleep(SETTLE_S)
            for _ in range(CUTS):  # on a busy machine one may meet no message
                path.send(cut=APART_S)
                deadline = time.monotonic() + LONGEST_S
                while not any(map(is_sent_again, read(lines.name)[:-AFTER])) and time.monotonic() < deadline:
                    time.sleep(0.1)
                if any(map(is_sent_again, read(lines.name))):
                    break
            return read(lines.name)
    except (NoNamespaces, RunFailed) as error:
        raise NothingStarted(str(error)) from None


def start_program(children: ExitStack, command: list[str], printed: IO[str] | int = subprocess.DEVNULL) -> None:
    """Start a program that ends with `children`; if this process is killed before, after LIVES_S."""
    process = subprocess.Popen(["timeout", str(LIVES_S), *command], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=printed,
                               stderr=subprocess.DEVNULL)  # fmt: skip
    children.callback(process.wait)
    children.callback(process.terminate)


def read(printed: str) -> list[list[str]]:
    """What tshark has printed into this file so far, whole lines only."""
    with open(printed) as lines:  # opened each time: a file that two share has one place for both
        return [line.rstrip("\n").split("\t") for line in lines if line.endswith("\n")]


def is_sent_again(packet: list[str]) -> bool:
    seen = dict(zip(FIELDS, packet, strict=False))
    return bool(seen.get("tcp.analysis.retransmission") or seen.get("tcp.analysis.out_of_order"))


def around_the_gap(packets: list[list[str]]) -> pd.DataFrame:
    """The packets around the one that is sent again; all of them if there is none."""
    rows = [row_of(dict(zip(FIELDS, packet, strict=False))) for packet in packets]
    again = next((place for place, row in enumerate(rows) if row["remark"].startswith("sent again")), None)
    missed = next((place for place, row in enumerate(rows) if row["remark"].startswith("a gap")), again)
    shown = rows if again is None or missed is None else rows[max(missed - BEFORE, 0) : again + AFTER]
    first = shown[0]["ms"] if shown else 0.0
    return pd.DataFrame([row | {"ms": round(row["ms"] - first)} for row in shown])


def row_of(packet: dict[str, str]) -> dict[str, Any]:
    """A packet in words; times in ms."""
    sent = int(packet["tcp.len"] or 0)
    if is_sent_again([packet.get(name, "") for name in FIELDS]):
        remark = "sent again: the lost one"
    elif packet.get("tcp.analysis.lost_segment"):
        remark = "a gap: something before this is missing"
    elif packet.get("tcp.options.sack_le"):
        remark = "acknowledges what came behind the gap (SACK)"
    else:
        remark = "a message" if sent else "acknowledges"
    end = int(packet["tcp.seq"] or 0) + sent
    sender = "server" if packet["ip.src"] == FAR else "client"
    return {"ms": 1000 * float(packet["frame.time_relative"]), "from": sender,
            "bytes": f"{packet['tcp.seq']}–{end}" if sent else "", "acknowledged": packet["tcp.ack"],
            "remark": remark}  # fmt: skip


