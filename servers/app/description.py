"""What the HTTP servers answer, as OpenAPI 3.1 has it: for readers, and for programs that try everything it allows."""

from typing import Any

from servers.app.query import LONGEST_WAIT

PROBLEM = "application/problem+json"
WHOLE = {"type": "integer", "minimum": 0}
SAYS = {
    200: "messages, one a line, each ended by LF", 201: "the message", 204: "no message after this one",
    400: "malformed", 406: "takes no events", 403: "not for this Host, Origin or token", 408: "it came too slowly",
    410: "outside of what the feed keeps", 413: "too large", 503: "full",
}  # fmt: skip


def description(transport: str) -> dict[str, Any]:
    """The description of a server of `transport`."""
    waits = {"wait": {"type": "number", "minimum": 0, "maximum": LONGEST_WAIT}} if transport == "long-polling" else {}
    events = transport == "server-sent-events"
    good: dict[int, str | None] = {200: "text/event-stream"} if events else {200: "application/x-ndjson", 204: None}
    asks = {"after": WHOLE | {"maximum": 10**18 - 1}} | waits | {"epoch": {"type": "string"}}
    published = {"application/json": {"schema": {}}, "text/plain": {"schema": {"type": "string"}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": f"push lab, {transport}", "version": "1"},
        "paths": {
            "/messages": {
                "get": {
                    "summary": "The messages newer than `after`; without it, what comes from now on.",
                    "parameters": [{"name": name, "in": "query", "schema": schema} for name, schema in asks.items()],
                    "responses": answers(good, 400, 403, 406 if events else 410),
                },
                "post": {
                    "summary": "Publish JSON, or text.",
                    "requestBody": {"required": True, "content": published},
                    "responses": answers({201: "application/json"}, 400, 403, 408, 413),
                },
            },
            "/echo": {
                "post": {
                    "summary": "The same bytes back.",
                    "requestBody": {"content": {"application/octet-stream": {"schema": {"type": "string"}}}},
                    "responses": answers({200: "*/*"}, 400, 403, 408, 413, 503),
                }
            },
            "/status": {
                "get": {
                    "summary": "The feed, the server's counts, its process.",
                    "responses": answers({200: "application/json"}, 403),
                }
            },
        },
    }


def answers(good: dict[int, str | None], *problems: int) -> dict[str, Any]:
    """The responses of an operation: the media types of the good ones, and the problems (RFC 9457)."""
    types = good | dict.fromkeys(problems, PROBLEM)
    return {str(status): {"description": SAYS[status], **content(kind)} for status, kind in types.items()}


def content(kind: str | None) -> dict[str, Any]:
    """The content of a response: JSON is an object; a 204 has none."""
    schema = {"type": "object"} if kind in (PROBLEM, "application/json") else {}
    return {"content": {kind: {"schema": schema}}} if kind else {}
