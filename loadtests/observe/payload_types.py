"""C14: text, binary data and an image, there and back; and text that is none."""

from collections.abc import Iterator

from playwright.sync_api import Page
from websockets.frames import Close, Frame, Opcode

from loadtests.observe.browser import visit
from loadtests.observe.observation import Observation
from loadtests.observe.raw import next_frame, opened
from loadtests.observe.scripted import playing
from loadtests.observe.servers import Servers


def observe(servers: Servers) -> Iterator[Observation]:
    """A text frame that is not UTF-8, to the lab's own server."""
    with opened(f"{servers.websocket}/echo") as (sock, protocol):
        sock.sendall(Frame(Opcode.TEXT, b"\xc3\x28").serialize(mask=True))
        code = Close.parse(next_frame(sock, protocol)[0].data).code
    yield Observation("C14", "close code of the server", str(int(code)), "", "a text that is not UTF-8")


def observe_page(page: Page, servers: Servers) -> Iterator[Observation]:
    """Every kind through the lab's echo; and how each travels."""
    visit(page, servers.page)
    for each in page.evaluate("url => echoed(url)", f"{servers.websocket}/echo"):
        yield Observation("C14", "size", str(each["bytes"]), "B", each["kind"])
        yield Observation("C14", "comes back", "the same" if each["same"] else "another", "", each["kind"])
        yield Observation("C14", "comes back as", each["back"], "", each["kind"])
        if each["width"]:
            yield Observation("C14", "is shown as an image, so many pixels wide", str(each["width"]), "", each["kind"])
        yield from travelling(page, each["kind"])


def travelling(page: Page, kind: str) -> Iterator[Observation]:
    with playing({"/": ()}) as server:
        page.evaluate("([url, kind]) => sendOne(url, kind)", [server.url(scheme="ws"), kind])
        heard = server.next_received()
    sent = sum(len(data) for _, data in heard.pieces)
    yield Observation("C14", "opcode", str(int(heard.frames[0].opcode)), "", kind)
    yield Observation("C14", "bytes on the wire, the closing frame among them", str(sent), "B", kind)
