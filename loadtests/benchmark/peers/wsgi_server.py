"""The feed as a WSGI function: what is left of a server's cost without a framework."""

from loadtests.benchmark.peers.gevent_server import messages, run  # isort: skip  # patches first

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    body, fields = messages(dict(parse_qsl(environ["QUERY_STRING"])))
    start_response("200 OK" if body else "204 No Content", [*fields.items(), ("Content-Length", str(len(body)))])
    return [body]


if __name__ == "__main__":
    run(application)
