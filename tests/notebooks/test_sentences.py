"""Each comparison in a lesson's text is true of the table or figure next to it, as the committed run has it."""

from collections.abc import Callable

import pandas as pd
import pytest
from lessons import load, observed, runs_of
from lessons.costs import by_era, needless, per_unit, with_and_without_messages
from lessons.editions import build
from lessons.observing import frame_heads
from lessons.shown.recorded import all_verdicts, classic

from results import crossings, model
from results.claims import Outcome
from results.figures.latency_split import _blocks
from results.latency_breakdown import Breakdown
from results.transports import COMPARED


def units() -> pd.DataFrame:
    runs = runs_of("overhead")
    plain = runs[(runs["header_profile"] == "browser") & (runs["cookie_bytes"] == 0) & (runs["payload_bytes"] == 142)]
    return per_unit(plain[~plain["tls"].astype(bool) & ~plain["deflate"].astype(bool)])


def needed(of: str) -> int:
    """How many lines of this request change the response if they are missing."""
    answers = needless(observed("C4"), of)["without it"].astype(str)
    return int((answers != answers.mode()[0]).sum())


def overheads() -> dict[str, pd.Series]:
    """Overhead per message by the rate at which messages came, from slow to fast, for each transport."""
    return {str(name): by for name, by in crossings.by_rate(runs_of("update-rate"), crossings.OVERHEAD).items()}


def held(rate_hz: float) -> float:
    """Overhead per message of long polling by the model, bytes, with a round trip of 0.2 ms."""
    mine = runs_of("update-rate").query("transport == 'long-polling'")
    return float(model.long_polling_overhead(1e-4, rate_hz, mine["hold_s"].iloc[0], crossings.heads_of(mine)))


def parts(transport: str, slow: bool = False) -> Breakdown:
    """The bar of a transport in the figure of lesson 3, in its first block, or in that of the slow link."""
    blocks = list(dict(_blocks(runs_of("latency") if not slow else runs_of("link-rate"))).values())
    return blocks[0][1][transport]


def seconds(title: str) -> float:
    """How often a transport pays in silence: "every 25 s"."""
    every = with_and_without_messages(runs_of("update-rate")).loc[f"{title}: request and response"].iloc[2]
    return float(every.split()[1])


def sequences() -> pd.Series:
    return classic("hour")["bytes beside the messages"].str.replace(",", "").astype(float)


def leap() -> pd.Series:
    return classic("leap")["ratio"].astype(float)


SENTENCES: dict[str, tuple[str, Callable[[], bool]]] = {
    "Connecting costs most by WebSocket.": ("02", lambda: units()["to join, B"].idxmax() == "WebSocket"),
    "After that the order turns around.": ("02", lambda: units()["bytes each time"].idxmin() == "WebSocket"),
    "An empty response is shorter": (
        "02", lambda: bool((with_and_without_messages(runs_of("update-rate")).iloc[:2]
                            .pipe(lambda t: t["bytes without"] < t["bytes with a message"])).all())),
    "A poll pays this about twelve times as often as a hold": (
        "02", lambda: 11.5 < seconds("Long polling") / seconds("Polling") < 13),
    "a ping takes few bytes": (
        "02", lambda: with_and_without_messages(runs_of("update-rate"))["bytes without"].iloc[2] < 10),
    "What browsers send by themselves has changed little in twenty years.": (
        "02", lambda: 0.6 < by_era().pipe(lambda t: t.loc["browser"].iloc[2] / t.loc["2005"].iloc[2]) < 1.7),
    "One line matters": ("02", lambda: needed("poll of a browser") == 1),
    "Five lines are needed here.": ("02", lambda: needed("handshake of a browser") == 5),
    "The WebSocket stays at its frame header. Only on the far left it rises": (
        "02", lambda: overheads()["websocket"].iloc[0] > 5 and set(overheads()["websocket"].iloc[1:]) == {4.0}),
    "so its curve is nearly level": (
        "02", lambda: overheads()["long-polling"].max() < 1.1 * overheads()["long-polling"].min()),
    "Further to the right it would fall": ("02", lambda: held(5_000) < 0.9 * held(50)),
    "Further to the left it would rise": ("02", lambda: held(0.02) > 1.1 * held(0.2)),
    "Far to the right polling becomes even cheaper": (
        "02", lambda: overheads()["polling"].iloc[-1] < overheads()["websocket"].iloc[-1]),
    "an event costs several times as much as a frame": (
        "02", lambda: 3 < sequences()["Server-sent events"] / sequences()["WebSocket"] < 12),
    "far less than a request": ("02", lambda: sequences()["Server-sent events"] < sequences()["Long polling"] / 3),
    "Now count the layers below.": (
        "02", lambda: leap()["with TCP/IP headers, 52 B a segment"] < leap()["with line ends"] / 10),
    "Nothing else does": ("02", lambda: leap()["in SI units"] == pytest.approx(leap()["as published"], rel=0.1)),
    "A message needs 100 ms from one side to the other": ("03", lambda: parts("websocket").transit == 100),
    "One part is the same for all: the transit.": (
        "03", lambda: len({parts(transport).transit for transport in COMPARED}) == 1),
    "Polling's messages wait for the next poll.": ("03", lambda: parts("polling").waiting > parts("polling").transit),
    "so most of them wait.": ("03", lambda: parts("long-polling").waiting > 0.8 * parts("long-polling").transit),
    "On the slow link, bytes take time, too.": (
        "03", lambda: all(parts(transport, slow=True).sending > 4 for transport in COMPARED)),
    "2 to 14 bytes (RFC 6455, section 5.2).": (
        "04", lambda: {2, 14} <= {int(size) for row in frame_heads(observed("C9")).to_numpy() for size in row
                                  if str(size).isdigit()}),
    "A frame is neither, so it costs less.": (
        "05", lambda: bool((load.incoming()["WebSocket, µs"] < load.incoming()["POST, µs"]).all())),
    "A polling client on a kept connection needs memory, too.": (
        "05", lambda: load.memory().loc["Polling", "KiB a client"] > 0),
    "Here are three of them, and a sentence that holds.": (
        "06", lambda: [each.outcome is Outcome.CONDITIONAL for each in all_verdicts()
                       if each.claim.id in ("C2", "C3", "C6", "C11")] == [True, True, False, True]),
}  # fmt: skip


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_sentence_says_what_its_table_shows(sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    lesson, holds = SENTENCES[sentence]
    name = next(name for name in build.names() if name.startswith(lesson))
    cells = (cell.source for cell in build.edition(name, solved=False).cells if cell.cell_type == "markdown")
    text = " ".join(" ".join(cells).split())
    assert sentence.lower() in text.lower(), "the lesson says it no longer: change this test, too"
    assert holds()
