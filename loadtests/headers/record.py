"""Record what a real browser sends when a web application follows a feed.

    python -m loadtests.headers.record [FILE]

A page does what a web application would. It polls with `fetch`, and asks once more with `wait` as long polling does.
Then it opens a WebSocket, and an EventSource. The requests are captured byte for byte. Their headers are written to
browser.json in this folder, as pairs of field name and value. Their order is kept. Needs Chromium on the PATH.
"""

import json
import platform
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from loadtests.observe.browser import NoBrowser, browsing, visit
from loadtests.observe.scripted import playing

FILE = Path(__file__).with_name("browser.json")
NOTE = ("Recorded headless, without cookies. A headed browser names itself Chrome where this one said HeadlessChrome: "
        "that token is replaced in User-Agent and in the sec-ch-ua brands, nothing else is changed. The list of the "
        "WebSocket includes the lines of the opening handshake itself (RFC 6455, section 4.1).")  # fmt: skip
POLL = "/messages?after=17&epoch=abc"
HELD = f"{POLL}&wait=25"
EVENTS = f"{POLL}&events"

Fields = list[list[str]]


class RecordingFailed(Exception):
    """The browser did not send what was waited for: it works differently by now."""


def record() -> dict[str, object]:
    """Let a browser follow; the content of browser.json. Raises RecordingFailed, or NoBrowser."""
    with playing({}) as server, browsing() as page:
        visit(page, server.url())
        heads = {}
        for target in (POLL, HELD):
            page.evaluate("target => fetch(target).then(answer => answer.status)", target)
            heads[target] = fields_of(server.next_received(target).head)
        page.evaluate("url => begin(url)", server.url(POLL, "ws"))
        upgrade = fields_of(server.next_received(POLL).head)
        page.evaluate("url => { new EventSource(url) }", server.url(EVENTS))
        events = fields_of(server.next_received(EVENTS).head)
        browser = page.context.browser
        version = browser.version if browser else "of no version"
    if heads[POLL] != heads[HELD]:
        raise RecordingFailed("polling and long polling sent different field lines")
    return {"recorded_with": f"Chromium {version}", "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "platform": f"{platform.system()} {platform.machine()}", "note": NOTE,
            "http": headed(heads[POLL]), "websocket": headed(upgrade), "events": headed(events)}  # fmt: skip


def fields_of(head: bytes) -> Fields:
    """The field lines of a request as [name, value], in their order; RecordingFailed if one is not plain."""
    lines = head.decode("latin-1").split("\r\n")[1:-2]
    fields = [line.split(": ", 1) for line in lines]
    if any(len(field) != 2 for field in fields):
        raise RecordingFailed(f"not a plain field line in {lines}")
    return fields


def headed(fields: Fields) -> Fields:
    """The fields as the same browser sends them with a window."""
    return [[name, value.replace("HeadlessChrome", "Chrome")] for name, value in fields]


def as_json(recording: dict[str, object]) -> str:
    """JSON with a field line per line, to be read and compared by eye."""
    return re.sub(r'\[\n +("[^\n]*"),\n +("[^\n]*")\n +\]', r"[\1, \2]", json.dumps(recording, indent=2)) + "\n"


def main() -> int:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    try:
        recording = record()
    except (RecordingFailed, NoBrowser) as error:
        print(f"record_headers: {error}", file=sys.stderr)
        return 1
    target.parent.mkdir(exist_ok=True)
    target.write_text(as_json(recording), encoding="utf-8")
    print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
