"""C10: when a message that comes in fragments is there; a ping stands between them."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from playwright.sync_api import Page
from simple_websocket import Client
from websockets.frames import Opcode
from websockets.sync.client import connect

from loadtests.observe.browser import visit
from loadtests.observe.observation import Observation
from loadtests.observe.raw import TIMEOUT
from loadtests.observe.scripted import DONE, Received, Step, frame, playing
from loadtests.observe.servers import Servers

GAP_S = 0.5
SCRIPT = (
    Step(frame(b"first ", last=False)),
    Step(frame(b"between", Opcode.PING), after_s=GAP_S),
    Step(frame(b"second", Opcode.CONT), after_s=GAP_S, closes=DONE),
)
Pieces = list[tuple[float, str]]
"""What a client was handed: seconds after it was connected, and text."""


def observe(_: Servers) -> Iterator[Observation]:
    paths = {f"/{number}": name for number, name in enumerate(LIBRARIES)}
    with playing(dict.fromkeys(paths, SCRIPT)) as server, ThreadPoolExecutor() as at_a_time:
        taking = {path: at_a_time.submit(LIBRARIES[name], server.url(path, "ws")) for path, name in paths.items()}
        pieces = {path: each.result() for path, each in taking.items()}
    for path, name in paths.items():
        yield from taken(name, pieces[path], server.next_received(path))


def observe_page(page: Page, _: Servers) -> Iterator[Observation]:
    with playing({"/": SCRIPT}) as server:
        visit(page, server.url("/page"))
        page.evaluate("url => begin(url)", server.url(scheme="ws"))
        opened, *messages, _ = page.evaluate("seen")
        pieces = [(each["s"] - opened["s"], each["text"]) for each in messages]
    yield from taken("a browser", pieces, server.next_received())


def taken(name: str, pieces: Pieces, heard: Received) -> Iterator[Observation]:
    pong = next(seconds for seconds, data in heard.pieces if data[0] == 0x80 | Opcode.PONG)
    yield Observation("C10", "pong comes after", f"{pong:.1f}", "s", name)
    yield Observation("C10", "text is handed out after", ", ".join(f"{s:.1f}" for s, _ in pieces), "s", name)
    yield Observation("C10", "text handed out", " | ".join(text for _, text in pieces), "", name)


def whole_from_websockets(url: str) -> Pieces:
    with connect(url) as connection:
        began = time.monotonic()
        text = connection.recv(TIMEOUT, decode=True)
        return [(time.monotonic() - began, text)]


def fragments_from_websockets(url: str) -> Pieces:
    with connect(url) as connection:
        began = time.monotonic()
        return [(time.monotonic() - began, text) for text in connection.recv_streaming(decode=True)]


def whole_from_simple_websocket(url: str) -> Pieces:
    client = Client(url)  # which the server closes
    began = time.monotonic()
    text = client.receive(TIMEOUT)
    return [(time.monotonic() - began, text)]


LIBRARIES: dict[str, Callable[[str], Pieces]] = {
    "websockets, recv": whole_from_websockets,
    "websockets, recv_streaming": fragments_from_websockets,
    "simple-websocket, receive": whole_from_simple_websocket,
}
