"""Scripts in a real page, and what they log: `python -m loadtests.observe.console URL`.

Each line on standard input is a JSON object with a `script`, and the `seconds` to wait once it is done. A script runs
as the body of an async function on a fresh page of that address. The answer is one JSON object: `logged`, a list of
[seconds since the script began, text], and the `number` of the question, if it has one.
"""

import json
import sys
import time
from typing import Any

from playwright.sync_api import Error, Page

from loadtests.observe.browser import NoBrowser, browsing


def logged_by(page: Page, url: str, script: str, seconds: float) -> list[tuple[float, str]]:
    """What a script logs on a fresh page until `seconds` after its end; an error that it throws is a line, too."""
    logged: list[tuple[float, str]] = []
    page.goto(url)
    began = time.monotonic()

    def log(text: str) -> None:
        logged.append((round(time.monotonic() - began, 3), text))

    def log_console(message: Any) -> None:
        log(message.text)

    page.on("console", log_console)
    try:
        page.evaluate(f"async () => {{\n{script}\n}}")
        page.wait_for_timeout(1000 * seconds)
    except Error as error:
        log(f"Uncaught {error.message.splitlines()[0].removeprefix('Page.evaluate: ')}")
    page.remove_listener("console", log_console)
    return logged


def main(url: str) -> int:
    try:
        with browsing() as page:
            page.route("**/favicon.ico", lambda route: route.fulfill(status=204))  # which /status has none of
            print(json.dumps({"ready": True}), flush=True)
            for line in sys.stdin:
                asked = json.loads(line)
                logged = logged_by(page, url, asked["script"], asked["seconds"])
                print(json.dumps({"logged": logged, "number": asked.get("number")}), flush=True)
    except NoBrowser as error:
        print(f"console: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
