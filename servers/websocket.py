"""WebSocket (RFC 6455): the client asks once, for the connection; from then on either side sends when it likes."""

from flask import Flask, g

from servers.broadcast import Broadcast
from servers.feed import Feed, OutsideHistory
from servers.sock import Sock, WebSocket
from servers.wire import LARGEST_ECHO, LARGEST_POST, Question, gone_json, new_app

GONE, UNSUPPORTED = 4410, 1003  # close codes: this lab's, and RFC 6455 section 7.4.1


def create_app(feed: Feed) -> Flask:
    """Return the application; a message is sent as it is published, and nobody asks."""
    app, counts = new_app(feed, "websocket")
    app.config["SOCK_SERVER_OPTIONS"] = {"max_message_size": LARGEST_ECHO}
    sock, broadcast = Sock(app), Broadcast(feed, counts)

    @sock.route("/messages")
    def messages(ws: WebSocket) -> None:
        def posted(text: str | bytes) -> None:
            feed.publish(text) if isinstance(text, str) else ws.refuse(UNSUPPORTED, "text only")

        asked: Question = g.question
        seq = asked.seq
        ws.max_message_size = LARGEST_POST
        ws.hand_to(posted)
        with counts.client():
            try:
                while ws.connected:
                    for message in feed.after(seq, limit=64, epoch=asked.epoch):
                        ws.send(message.encoded.decode())
                        counts.deliveries += 1
                        seq = message.seq
                    seq = broadcast.follow(ws, seq)
            except OutsideHistory as error:
                ws.close(GONE, gone_json(error))

    @sock.route("/echo")
    def echo(ws: WebSocket) -> None:
        while True:
            ws.send(ws.receive())

    return app
