"""The WebSocket as a Locust user, over websockets' sans-I/O protocol."""

from clients.connection.http import read_status
from clients.connection.websocket import SILENCE, WebSocketConnection
from loadtests.runs.tally import Sequence
from loadtests.users.listening import ListeningUser


class WebSocketUser(ListeningUser):
    """Asks for the connection, then is told."""

    transport = "websocket"
    host = "ws://127.0.0.1:5003"

    def session(self) -> None:
        tally = self.generator.tally
        if self.cursor.epoch is None:
            tally.connections += 1
            status = read_status(self.url, self.ledger, SILENCE, self.options.tls)
            self.cursor.learn(status["epoch"], status["newest"])
            self.sequence = Sequence(status["newest"])
        tally.requests += self.counting
        tally.connections += 1
        where = self.url, self.cursor.target()
        ways = {"trust": self.options.tls, "deflate": self.options.deflate}
        self.connection = connection = WebSocketConnection(*where, self.ledger, self.fields[1:], **ways)
        try:
            with connection:
                self.sockets = [connection.socket]
                self.heard(connection)  # what came together with the 101, and so on its page
                self.joined()
                self.listen(connection)
        finally:
            self.heard(connection)  # what came while the connection was being closed was delivered, too

    def send(self, text: str) -> None:
        """Send a text, from the greenlet that listens or from another."""
        self.connection.send(text)
        self.send_rest()
