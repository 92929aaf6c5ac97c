"""Lesson 2: what joining, asking and telling cost, and what browsers of their time sent."""

from __future__ import annotations

import pandas as pd

from loadtests.headers.profiles import PROFILES
from loadtests.observe.raw import request
from results.select import joining_bytes, overhead_per_request, ratio_of_sums
from results.transports import COMPARED, TRANSPORTS

TARGET = "/messages?after=17"
HOST = "localhost:5001"
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
