"""The feed as the shortest Flask application that serves it."""

from loadtests.benchmark.peers.gevent_server import messages, run  # isort: skip  # patches first

from flask import Flask, Response, request

application = Flask(__name__)


@application.get("/messages")
def answer() -> Response:
    body, fields = messages(request.args)
    return Response(body, 200 if body else 204, fields)


if __name__ == "__main__":
    run(application)
