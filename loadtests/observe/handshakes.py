"""C7: what an opening handshake must have, and what a server answers where it is wrong."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from websockets.client import ClientProtocol
from websockets.uri import parse_uri
from websockets.utils import accept_key

from loadtests.headers.profiles import recorded
from loadtests.observe.header_lines import TARGET
from loadtests.observe.observation import Observation
from loadtests.observe.raw import ask, request
from loadtests.observe.servers import Servers

EXAMPLE_KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # of RFC 6455, section 1.3
OPENING = ("Host", "Connection", "Upgrade", "Sec-WebSocket-Version", "Sec-WebSocket-Key")  # RFC 6455, section 4.1
Pairs = list[tuple[str, str]]


def observe(servers: Servers) -> Iterator[Observation]:
    url, browser = servers.websocket, handshake_of_a_browser(servers.websocket)
    senders = {"a browser": browser, "Python": handshake_of_python(url), "the argument, simplified": simplified(url)}
    for sender, lines in senders.items():
        asked, condition = request(TARGET, lines), f"as sent by {sender}"
        yield status(ask(url, asked).status, condition)
        yield Observation("C7", "bytes", str(len(asked)), "B", condition)
        yield Observation("C7", "fields", ", ".join(name for name, _ in lines), "", condition)
    for name in OPENING:
        for what, lines in mutations(browser, name).items():
            yield status(ask(url, request(TARGET, lines)).status, f"{name} {what}")
    answer = ask(url, request(TARGET, replaced(browser, "Sec-WebSocket-Key", EXAMPLE_KEY)))
    yield Observation("C7", "Accept answered", answer.field("sec-websocket-accept"), "", EXAMPLE_KEY)
    yield Observation("C7", "Accept worked out", accept_key(EXAMPLE_KEY), "", EXAMPLE_KEY)


def status(value: int, condition: str) -> Observation:
    return Observation("C7", "status", str(value), "", condition)


def handshake_of_a_browser(url: str) -> Pairs:
    return recorded("websocket", urlsplit(url).netloc)


def handshake_of_python(url: str) -> Pairs:
    """As the websockets library makes it."""
    return list(ClientProtocol(parse_uri(url + TARGET)).connect().headers.raw_items())


def simplified(url: str) -> Pairs:
    """What introductions print: no key, no version."""
    host = urlsplit(url).netloc
    return [("Host", host), ("Origin", f"http://{host}"), ("Upgrade", "websocket"), ("Connection", "Upgrade")]


def mutations(lines: Pairs, name: str) -> dict[str, Pairs]:
    """The lines with one of them dropped, doubled, and misspelt in its last two letters."""
    at = next(index for index, line in enumerate(lines) if line[0] == name)
    misspelt = name[:-2] + name[-1] + name[-2]
    return {
        "dropped": lines[:at] + lines[at + 1 :],
        "doubled": lines[: at + 1] + lines[at:],
        f"misspelt as {misspelt}": [*lines[:at], (misspelt, lines[at][1]), *lines[at + 1 :]],
    }


def replaced(lines: Pairs, name: str, value: str) -> Pairs:
    return [(each, value if each == name else text) for each, text in lines]
