"""Header profiles: the field lines that a kind of client adds to each of its requests.

What a poll costs depends on its headers, so the headers must not be guessed. `minimal` is the least HTTP/1.1 allows.
`python` is what common libraries send. `2005` is what a browser sent when pages began to poll. `2010` is what
Lubbers & Greco print. `browser` is what Chromium sent to the page of record.py. Cookies are a separate option, by size.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from results.audit import printed
from results.transports import TRANSPORTS

Fields = tuple[tuple[str, str], ...]

RECORDING = Path(__file__).with_name("browser.json")
# Lines that any client of RFC 6455, section 4.1, sends by itself, and Host, which every request carries.
HANDSHAKE = {"host", "upgrade", "connection", "sec-websocket-key", "sec-websocket-version"}
HOST = "{host}"
COOKIE_NAMES = ("session", "_ga", "csrftoken", "consent", "theme")
LONGEST_PAIR = 90


@dataclass(frozen=True)
class HeaderProfile:
    """Field lines beyond Host and beyond the opening handshake's own, in the order the client sends them.

    `source` says where they come from. "{host}" in a value stands for the host that is asked, "http" before it for what
    is spoken with it. `own_cookie` is sent where no other is asked for, and `answer` are the lines that the server
    of such a client adds to its answers.
    """

    name: str
    source: str
    http: Fields
    websocket: Fields
    own_cookie: str = ""
    answer: Fields = ()
    events: Fields = ()  # of an EventSource's request; empty: the same as `http`

    def fields(
        self, transport: str, host: str, cookie_bytes: int = 0, secure: bool = False
    ) -> list[tuple[str, str]]:
        """The ordered field lines of a request to `host` ("127.0.0.1:5001"), Host first and Cookie last.

        `transport` is a name in the table of transports. `cookie_bytes` is the whole Cookie line's size, with its name
        and CRLF: 0 for the profile's own or none, else at least 13. With `secure`, Origin and Referer say https. Raises
        ValueError for another transport or a smaller Cookie.
        """
        if transport not in TRANSPORTS:
            raise ValueError(f"transport must be one of {', '.join(TRANSPORTS)}, not {transport!r}")
        asks = self.http if TRANSPORTS[transport].asks else self.events or self.http
        profile = self.websocket if TRANSPORTS[transport].scheme == "ws" else asks
        scheme = "https:" if secure else "http:"
        said = ((name, value.replace("http:", scheme).replace(HOST, host)) for name, value in profile)
        lines = [("Host", host), *said]
        said_last = cookie(cookie_bytes) if cookie_bytes else self.own_cookie
        return lines + ([("Cookie", said_last)] if said_last else [])


def cookie(line_bytes: int) -> str:
    """The value of a Cookie line (RFC 6265, section 4.2) that takes `line_bytes` as a whole; ValueError if below 13."""
    room = line_bytes - len("Cookie: \r\n")
    if room < len("a=b"):
        raise ValueError(f"a Cookie line takes at least 13 bytes, not {line_bytes}")
    count = -(-(room + 2) // (LONGEST_PAIR + 2))  # each pair but the last is followed by "; "
    letters, longer = divmod(room - 2 * (count - 1), count)
    return "; ".join(cookie_pair(index, letters + (index < longer)) for index in range(count))


def cookie_pair(index: int, length: int) -> str:
    """A name and a value that look like a session's, always the same, `length` bytes in all."""
    name = COOKIE_NAMES[index] if index < len(COOKIE_NAMES) else f"id{index}"
    name = name if length > len(name) + 1 else "a"
    value = hashlib.shake_128(name.encode()).hexdigest(length)
    return f"{name}={value[:length - len(name) - 1]}"


def from_recording(path: Path) -> HeaderProfile:
    """The browser's profile: the recording, without its host and without the handshake's own lines."""
    recorded = json.loads(path.read_text(encoding="utf-8"))
    source = f"{recorded['recorded_with']}, {recorded['platform']}, {recorded['date']}"
    upgrade = (line for line in without_host(recorded["websocket"]) if line[0].lower() not in HANDSHAKE)
    http, events = (tuple(without_host(recorded[kind])) for kind in ("http", "events"))
    return HeaderProfile("browser", source, http, tuple(upgrade), events=events)


def recorded(kind: str, host: str) -> list[tuple[str, str]]:
    """Every line of the browser's recorded request to `host`, as it was sent; `kind` is "http" or "websocket"."""
    lines = json.loads(RECORDING.read_text(encoding="utf-8"))[kind]
    return [("Host", host), *((name, value.replace(HOST, host)) for name, value in without_host(lines))]


def without_host(lines: list[list[str]]) -> Iterator[tuple[str, str]]:
    """The lines but Host, the recorded host in Origin and Referer replaced by a placeholder."""
    host = next(value for name, value in lines if name == "Host")
    return ((name, value.replace(host, HOST)) for name, value in lines if name != "Host")


MINIMAL = HeaderProfile("minimal", "RFC 9112, section 3.2: Host alone is required", http=(), websocket=())
PYTHON = HeaderProfile(
    "python",
    "requests 2.34.2 (with brotli installed, as Locust has it) and websockets 17.4 on Python 3.11",
    http=(("User-Agent", "python-requests/2.34.2"), ("Accept-Encoding", "gzip, deflate, br"), ("Accept", "*/*"),
          ("Connection", "keep-alive")),
    websocket=(("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
               ("User-Agent", "Python/3.11 websockets/17.4")),
)
FIREFOX = (
    ("User-Agent", "Mozilla/5.0 (Windows; U; Windows NT 5.1; en-US; rv:1.8) Gecko/20051111 Firefox/1.5"),
    ("Accept", "text/xml,application/xml,application/xhtml+xml,text/html;q=0.9,text/plain;q=0.8,image/png,*/*;q=0.5"),
    ("Accept-Language", "en-us,en;q=0.5"),
    ("Accept-Encoding", "gzip,deflate"),
    ("Accept-Charset", "ISO-8859-1,utf-8;q=0.7,*;q=0.7"),
)
OF_2005 = HeaderProfile(
    "2005",
    "Firefox 1.5 on Windows XP, November 2005: its user agent, the defaults of its preferences "
    "network.http.accept.default, intl.accept_languages, network.http.accept-encoding, intl.charset.default and "
    "network.http.keep-alive.timeout; Referer as with an XMLHttpRequest. It had no WebSocket",
    http=(*FIREFOX, ("Keep-Alive", "300"), ("Connection", "keep-alive"), ("Referer", "http://{host}/")),
    websocket=(*FIREFOX, ("Origin", "http://{host}")),
)
*FIREFOX_3, (_, COOKIE_2010) = printed.REQUEST_FIELDS
OF_2010 = HeaderProfile(
    "2010",
    "Lubbers & Greco (websocket.org, 2010), as they print their heads, a Cookie among them: Firefox 3.5 on Windows XP "
    "and a Java application server. It had no WebSocket",
    http=tuple(FIREFOX_3),
    websocket=(*FIREFOX_3[:5], ("Origin", "http://{host}")),
    own_cookie=COOKIE_2010,
    answer=printed.ADDED_FIELDS,
)
PROFILES: dict[str, HeaderProfile] = {
    profile.name: profile for profile in (MINIMAL, PYTHON, OF_2005, OF_2010, from_recording(RECORDING))
}
