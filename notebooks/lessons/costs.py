"""Lesson 2: what joining, asking and telling cost, and what browsers of their time sent."""

from __future__ import annotations

import pandas as pd

from loadtests.headers.profiles import PROFILES
from loadtests.observe.raw import request
from results.crossings import heads_of
from results.model import PING_BYTES, PING_INTERVAL, websocket_overhead
from results.select import joining_bytes, overhead_per_request, ratio_of_sums
from results.transports import COMPARED, TRANSPORTS

TARGET = "/messages?after=17"
HOST = "localhost:5001"
MESSAGE_BYTES = 142
YEARS = {"minimal": "what HTTP/1.1 demands", "2005": "Firefox 1.5", "2010": "Firefox 3.5",
         "python": "requests", "browser": "Chromium"}  # fmt: skip
"""Who sends the heads of each profile, in the order of the table."""


def per_unit(runs: pd.DataFrame) -> pd.DataFrame:
    """Bytes to join, and overhead per request, or per message where there are no requests."""
    rows = {}
    for name in COMPARED:
        mine = runs[runs["transport"] == name]
        joining = mine.assign(joining=joining_bytes(mine))
        rows[TRANSPORTS[name].title] = [ratio_of_sums(joining, "joining", "clients"), TRANSPORTS[name].unit,
                                        overhead_per_request(mine, name)]  # fmt: skip
    found = pd.DataFrame.from_dict(rows, orient="index", columns=["to join, B", "paid for", "bytes each time"])
    return found.round(1)


def with_and_without_messages(runs: pd.DataFrame) -> pd.DataFrame:
    """Bytes of an exchange that brings a message and of one that brings none, and how often the second is paid."""
    rows = {}
    responses = heads_of(runs[runs["transport"] == "polling"])  # both servers send the same
    for name in COMPARED[:2]:
        mine = runs[runs["transport"] == name]
        request_bytes, wait = heads_of(mine).request, mine[TRANSPORTS[name].own[0]].iloc[0]
        with_message, without = (round(request_bytes + size) for size in (responses.response, responses.empty_response))
        rows[f"{TRANSPORTS[name].title}: request and response"] = [with_message, without, f"every {wait:g} s"]
    ping = f"every {PING_INTERVAL:g} s"
    rows["WebSocket: frame header, or ping and pong"] = [websocket_overhead(MESSAGE_BYTES), PING_BYTES, ping]
    columns = ["bytes with a message", "bytes without", "in silence that is paid"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def by_era() -> pd.DataFrame:
    """A poll's request as each kind of client sends it: how many field lines, and how many bytes; its cookie apart."""
    rows = []
    for profile, who in YEARS.items():
        fields = PROFILES[profile].fields("polling", HOST)
        cookie = sum(len(f"{name}: {value}\r\n") for name, value in fields if name == "Cookie")
        rows.append([who, len(fields), len(request(TARGET, fields)) - cookie, cookie])
    columns = ["who", "field lines", "bytes of a request without cookies", "bytes of its cookie"]
    return pd.DataFrame(rows, list(YEARS), columns).rename_axis("header profile")


def needless(observed: pd.DataFrame, request_of: str = "poll of a browser") -> pd.DataFrame:
    """Each field line of a browser's request, its bytes, and what the server answers without it."""
    mine = observed[observed["condition"] == request_of].set_index("quantity")["value"]
    lines = [value for quantity, value in mine.items() if str(quantity).startswith("line ")]
    rows = [[len(line) + 2, mine.get(f"without {line.partition(':')[0]}", "")] for line in lines]
    short = [line if len(line) < 64 else line[:60] + " …" for line in lines]
    return pd.DataFrame(rows, short, ["bytes", "without it"]).rename_axis("field line")
