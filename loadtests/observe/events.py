"""C12: which events a browser's WebSocket has, in which order, and what they say, however the connection ends."""

from collections.abc import Callable, Iterator
from typing import Any

from playwright.sync_api import Page

from loadtests.observe.browser import visit
from loadtests.observe.observation import Observation
from loadtests.observe.scripted import DONE, REFUSED, Step, frame, playing
from loadtests.observe.servers import Servers, serving
from loadtests.runs.ports import free_port

SCRIPTS = {
    "/close": (Step(frame(b"news"), closes=DONE),),
    "/reserved": (Step(b"\x83\x00"),),  # an opcode that RFC 6455, section 5.2, keeps for later
    "/utf8": (Step(frame(b"\xc3\x28")),),  # begins a letter of two bytes, and does not end it
}


def endings(good: str, odd: str) -> dict[str, tuple[str, str]]:
    """How a connection to a good server, and to one that does what it should not, ends: URL, and the page's own act."""
    return {
        "the client closes": (f"{good}/echo", "close"),
        "the client sends too much": (f"{good}/messages", "sendTooMuch"),
        "the path is answered with 404": (f"{good}/nothing", ""),
        "the server closes": (f"{odd}/close", ""),
        "the server sends a reserved opcode": (f"{odd}/reserved", ""),
        "the server sends bad UTF-8": (f"{odd}/utf8", ""),
        "the server refuses the origin": (f"{odd}{REFUSED}", ""),
        "nobody listens on the port": (f"ws://127.0.0.1:{free_port()}/", ""),
    }


def observe(page: Page, servers: Servers) -> Iterator[Observation]:
    visit(page, servers.page)
    with playing(SCRIPTS) as scripted:
        for condition, (url, act) in endings(servers.websocket, scripted.url("", "ws")).items():
            yield from ending(page, condition, url, act)
    for condition, way in {"the server is told to end": "end", "the server is killed": "kill"}.items():
        with serving() as doomed:
            visit(page, doomed.page)
            yield from ending(page, condition, f"{doomed.websocket}/messages", then=getattr(doomed.process, way))


def ending(
    page: Page, condition: str, url: str, act: str = "", then: Callable[[], None] = lambda: None
) -> Iterator[Observation]:
    """What is seen of a WebSocket until it has closed; `act` is the page's on open, `then` is done after that."""
    page.evaluate("([url, act]) => begin(url, act)", [url, act])
    then()
    seen: list[dict[str, Any]] = page.evaluate("seen")
    told = {
        "events": ", ".join(event["type"] for event in seen),
        "readyState at each": ", ".join(str(event["state"]) for event in seen),
        **{name: str(seen[-1][name]) for name in ("code", "reason")},
        "wasClean": "yes" if seen[-1]["wasClean"] else "no",
    }
    for quantity, value in told.items():
        yield Observation("C12", quantity, value, "", condition)
