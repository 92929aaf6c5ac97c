"""C4: which lines of a browser's request a server needs to answer."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from loadtests.headers.profiles import cookie, recorded
from loadtests.observe.observation import Observation
from loadtests.observe.raw import Answer, Lines, ask, request
from loadtests.observe.servers import Servers

TARGET, HOST = "/messages?after=0", "localhost:5001"
COOKIE_BYTES = 64  # a small cookie, which a request to a site that has set one carries, too


def observe(servers: Servers) -> Iterator[Observation]:
    """A poll and an opening handshake taken apart, line by line, to the shortest that gets the same answer."""
    servers.publish("the same for all")
    for words, url, kind in (("poll", servers.polling, "http"), ("handshake", servers.websocket, "websocket")):
        lines = [*recorded(kind, urlsplit(url).netloc), ("Cookie", cookie(COOKIE_BYTES))]
        yield from minimised(f"{words} of a browser", url, lines)


def minimised(words: str, url: str, lines: list[tuple[str, str]]) -> Iterator[Observation]:
    """What becomes of the answer without each line; and lines and bytes of the request, whole and at its shortest."""

    def seen(quantity: str, value: object, unit: str = "") -> Observation:
        return Observation("C4", quantity, str(value), unit, words)

    whole = answer_to(url, lines)
    for number, (name, value) in enumerate(lines, 1):
        yield seen(f"line {number:02}", f"{name}: {value}".replace(urlsplit(url).netloc, HOST))
    for line in lines:
        without = answer_to(url, [each for each in lines if each is not line])
        yield seen(f"without {line[0]}", "the same answer" if without == whole else f"status {without.status}")
    shortest = lines
    for line in lines:
        fewer = [each for each in shortest if each is not line]
        shortest = fewer if answer_to(url, fewer) == whole else shortest
    yield seen("lines", len(lines))
    yield seen("lines of the shortest", len(shortest))
    yield seen("fields of the shortest", ", ".join(name for name, _ in shortest))
    yield seen("bytes", len(request(TARGET, lines)), "B")
    yield seen("bytes of the shortest", len(request(TARGET, shortest)), "B")


def answer_to(url: str, lines: Lines) -> Answer:
    """The answer to a request with these lines; byte by byte it can differ by its Date alone."""
    return ask(url, request(TARGET, lines)).undated
