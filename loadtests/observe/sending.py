"""C13: what send() does in each state of a WebSocket, in a browser."""

from collections.abc import Iterator

from playwright.sync_api import Page
from websockets.frames import DATA_OPCODES

from loadtests.observe.browser import visit
from loadtests.observe.observation import Observation
from loadtests.observe.scripted import Step, frame, playing
from loadtests.observe.servers import Servers

SIZE = 100  # B of each message
SCRIPT = (Step(frame(b"late"), after_s=0.3), Step(frame(b"later"), after_s=0.1))  # only then does the server read on


def observe(page: Page, _: Servers) -> Iterator[Observation]:
    with playing({"/": SCRIPT}) as server:
        visit(page, server.url("/page"))
        found = page.evaluate("([url, size]) => sendInEachState(url, size)", [server.url(scheme="ws"), SIZE])
        heard = server.next_received()
    for state in found["found"]:
        condition = f"{state['state']} ({state['readyState']})"
        yield Observation("C13", "send()", said(state["said"]), "", condition)
        yield Observation("C13", "added to bufferedAmount", str(state["queued"]), "B", condition)
    delivered = sum(each.opcode in DATA_OPCODES for each in heard.frames)
    yield Observation("C13", "messages at the server", str(delivered), "", f"{len(found['found'])} times send()")
    yield Observation("C13", "message events", str(found["late"]), "", f"{len(SCRIPT)} messages after close()")


def said(result: str) -> str:
    return "returns" if result == "undefined" else f"throws {result}"
