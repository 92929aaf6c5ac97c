"""The application of one transport: it counts requests, controls access, and reports errors as problems."""

from typing import Any

from flask import Flask, Request, Response, request
from werkzeug.exceptions import BadRequest, HTTPException
from werkzeug.routing import MapAdapter

from servers.app import access
from servers.app.responses import MessagesResponse, close_after, gone, problem, unavailable
from servers.app.status import describe
from servers.context import Context
from servers.feed import Feed, FeedUnavailable, OutsideHistory, UnencodableData
from servers.pages import OWN, Pages, add_pages


class App(Flask):
    """A Flask application for one transport, with what it shares with its server."""

    def __init__(self, name: str, transport: str, context: Context, pages: Pages) -> None:
        super().__init__(name)
        self.transport, self.context, self.counts, self.pages = transport, context, context.counts, pages
        add_pages(self, pages)
        self.json.sort_keys = False  # type: ignore[attr-defined]

    def wsgi_app(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Count requests of /messages, and clients for as long as a request lasts: held, or open as a WebSocket.

        Here rather than in Flask's hooks, each of which costs every poll several microseconds.
        """
        if refusal := self._refusal(environ):
            return refusal(environ, start_response)
        asks = environ["PATH_INFO"] == "/messages" and environ["REQUEST_METHOD"] in ("GET", "HEAD")
        self.counts.requests += asks
        self.counts.clients += asks
        try:
            return super().wsgi_app(environ, start_response)
        finally:
            self.counts.clients -= asks

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """What finds the route of a request. Flask's own encodes the host (IDNA) and splits it into domains. That takes
        a tenth of a poll, and decides nothing here.
        """
        if request is None or "HTTP_UPGRADE" in request.environ:
            return super().create_url_adapter(request)
        environ = request.environ
        return MapAdapter(self.url_map, environ.get("HTTP_HOST", ""), "/", "", environ["wsgi.url_scheme"], request.path,
                          environ["REQUEST_METHOD"], environ["QUERY_STRING"])  # fmt: skip

    def _refusal(self, environ: dict[str, Any]) -> Response | None:
        try:
            is_page = environ["REQUEST_METHOD"] == "GET" and self.pages.has(environ["PATH_INFO"])
            access.check(environ, self.context.token, is_page)
        except HTTPException as error:
            refusal = close_after(problem(error))
            refusal.headers.extend(self.context.answer_fields)
            return refusal
        return None

    def preprocess_request(self) -> None:
        """Call nothing before a request: nothing is registered, and to look for it costs every poll."""

    def process_response(self, response: Response) -> Response:
        """Count the messages delivered; compress them for who takes that, if the server runs with --deflate.

        Adds the field lines of --answer-field. Calls nothing after a request, and keeps no session.
        """
        response.headers.extend(self.context.answer_fields)
        if isinstance(response, MessagesResponse):
            self.counts.deliveries += response.deliveries * (request.method == "GET")  # HEAD is sent none
            if self.context.deflate and "gzip" in request.accept_encodings:
                response.compress()
        return response


def new_app(feed: Feed, context: Context | None, transport: str, pages: Pages = OWN) -> App:
    """Return an application that counts its requests, reports problems, and has /status and pages; it lacks /messages.
    """
    app = App(__name__, transport, context or Context(), pages)
    app.register_error_handler(HTTPException, problem)
    app.register_error_handler(OutsideHistory, gone)
    app.register_error_handler(FeedUnavailable, unavailable)
    app.register_error_handler(UnencodableData, lambda error: problem(BadRequest(str(error))))

    @app.get("/status")
    def status() -> dict[str, Any]:
        return {"transport": transport} | describe(feed, app.counts, app.context.publisher)

    return app
