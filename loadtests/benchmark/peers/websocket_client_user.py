"""A Locust user on the websocket-client package, as one would write it: what this lab's own is measured against."""

import json
import time

import websocket
from locust import User, task


class WebSocketClientUser(User):
    """Takes a message, tells Locust its latency and length, takes the next."""

    host = "ws://127.0.0.1:5003"

    def on_start(self) -> None:
        self.connection = websocket.create_connection(f"{self.host}/messages")

    @task
    def follow(self) -> None:
        while True:
            text = self.connection.recv()
            message = json.loads(text)
            self.environment.events.request.fire(
                request_type="websocket",
                name="delivery",
                response_time=(time.time() - message["published_at"]) * 1000,
                response_length=len(text),
                exception=None,
                context={},
            )

    def on_stop(self) -> None:
        self.connection.close()
