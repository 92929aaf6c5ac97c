"""The stage: the pages of the demonstration, what they are sent four times a second, and what they may do."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from secrets import compare_digest
from typing import Any, Protocol

import gevent
from flask import Response, request
from werkzeug.exceptions import BadRequest, Forbidden

from loadtests.demo.classroom import Classroom, ReportError
from loadtests.demo.endings import accept_steps, offered
from loadtests.demo.expected import expected
from loadtests.demo.links import qr_svg
from loadtests.demo.settings import Settings
from loadtests.demo.testbed import SCRIPTS, Testbed
from servers.app import App, new_app, parse_query
from servers.app.posting import LARGEST_POST, body_up_to, data_of
from servers.context import Context
from servers.feed import Feed
from servers.pages import Pages
from servers.sockets.broadcast import Broadcast
from servers.sockets.event_stream import event_chunk
from servers.sockets.streaming import stream_messages

PAGES = Pages(
    {"/": "race.html", "/play": "play.html", "/talk": "talk.html", "/class": "class.html", "/join": "join.html",
     "/seventh": "seventh.html"}, Path(__file__).parent / "pages", "stage",
)  # fmt: skip
PERIOD_S = 0.25  # between two messages to the pages
LONGEST_TEXT = 500  # characters of a chat message


class Demo(Protocol):
    """What the stage shows and changes."""

    testbed: Testbed
    classroom: Classroom
    key: str | None  # the lecturer's, needed to change something; None on a machine that serves itself alone
    join_url: str

    def use(self, settings: Settings) -> None: ...

    def clear(self) -> None: ...

    def say(self, text: str) -> None: ...

    def save(self) -> str: ...


def create_app(feed: Feed, context: Context, demo: Demo) -> App:
    """Return the application of the stage; its feed carries what the pages show."""
    app = new_app(feed, context, "stage", PAGES)
    broadcast = Broadcast(feed, app.counts, encode=event_chunk)
    actions = actions_of(demo)

    @app.get("/messages")
    def messages() -> Response:
        return stream_messages(broadcast, feed, parse_query(request.query_string, request.headers.get("Last-Event-ID")))

    @app.get("/state")
    def state() -> dict[str, Any]:
        testbed = demo.testbed
        lanes = [{"transport": name, "port": testbed.lanes[name].port} for name in testbed.transports]
        scripts = offered(testbed.lanes[SCRIPTS].port)
        return {"lanes": lanes, "join": demo.join_url, "settings": vars(testbed.settings), "scripts": scripts}

    @app.get("/clock")
    def clock() -> dict[str, float]:
        return {"now": 1000 * time.time()}

    @app.get("/qr.svg")
    def qr() -> Response:
        return Response(qr_svg(demo.join_url), mimetype="image/svg+xml")

    @app.post("/do")
    def do() -> dict[str, Any]:
        check_key(demo.key)
        command = posted()
        action = actions.get(str(command.pop("do", None)))
        if action is None:
            raise BadRequest(f"do is one of {', '.join(actions)}")
        try:
            return {"done": action(**command)}
        except (TypeError, ValueError) as error:
            raise BadRequest(str(error)) from None

    @app.post("/join")
    def join() -> dict[str, Any]:
        member = joined(demo.classroom, posted().get("lane"))
        return {"number": member.number, "lane": member.transport} | told(demo)

    @app.post("/report")
    def report() -> dict[str, Any]:
        figures = posted()
        try:
            demo.classroom.report(figures.get("number", 0), figures)
        except ReportError as error:
            raise BadRequest(str(error)) from None
        return told(demo)

    return app


def joined(classroom: Classroom, lane: Any) -> Any:
    """A new member; BadRequest for a lane that there is not."""
    try:
        return classroom.join(lane)
    except ReportError as error:
        raise BadRequest(str(error)) from None


def told(demo: Demo) -> dict[str, Any]:
    """What a page of the class is told with each answer."""
    return {"settings": vars(demo.testbed.settings), "round": demo.classroom.round}


def posted() -> dict[str, Any]:
    """The JSON object that was posted; BadRequest for anything else."""
    value = data_of(body_up_to(LARGEST_POST), request.mimetype)
    if not isinstance(value, dict):
        raise BadRequest("this takes a JSON object")
    return value


def check_key(key: str | None) -> None:
    """Raise Forbidden unless the request has the lecturer's key."""
    given = request.headers.get("Stage-Key", "")
    if key is not None and not (given.isascii() and compare_digest(given, key)):
        raise Forbidden("only the page that the demonstration's terminal printed can do this")


def actions_of(demo: Demo) -> dict[str, Callable[..., Any]]:
    """What may be done, by its word."""

    def settings(**values: Any) -> None:
        demo.use(demo.testbed.settings.changed(values))

    def cut(seconds: float = 5.0) -> None:
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= 60:
            raise ValueError(f"a cut lasts up to 60 seconds, not {seconds!r}")
        demo.testbed.cut(seconds)

    def say(text: str) -> None:
        if not isinstance(text, str) or not text.strip() or len(text) > LONGEST_TEXT:
            raise ValueError(f"a text has 1 to {LONGEST_TEXT} characters")
        demo.say(text)

    return {"settings": settings, "cut": cut, "kill": demo.testbed.kill_servers, "clear": demo.clear, "say": say,
            "save": demo.save}  # fmt: skip


def show(feed: Feed, demo: Demo) -> None:
    """Publish what the pages show, four times a second, without end."""
    while True:
        feed.publish(shown(demo))
        demo.testbed.take_entries()
        gevent.sleep(PERIOD_S)


def shown(demo: Demo) -> dict[str, Any]:
    """Settings, what the taps have counted, what the model says, who takes part."""
    testbed = demo.testbed
    taps = {name: lane.tapped for name, lane in testbed.lanes.items()}
    lanes = {name: {"tap": taps[name], "model": expected(name, testbed.settings, taps[name])}
             for name in testbed.transports}  # fmt: skip
    return {"settings": vars(testbed.settings), "running": testbed.running, "lanes": lanes, "scripts": taps[SCRIPTS],
            "accept": accept_steps(last_key(taps)), "class": demo.classroom.summary()}  # fmt: skip


def last_key(taps: dict[str, Any]) -> str | None:
    """The Sec-WebSocket-Key that the playground sent last, if it has lately."""
    entries = [entry for name in ("websocket", SCRIPTS) if taps[name] for entry in taps[name]["entries"]]
    lines = (each["text"] for each in entries if not each["path"].endswith("/messages"))
    keys = [line.partition(":")[2].strip() for line in lines if line.lower().startswith("sec-websocket-key:")]
    return keys[-1] if keys else None
