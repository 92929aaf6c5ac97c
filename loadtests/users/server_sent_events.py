"""Server-sent events as a Locust user, over the client's connection."""

from clients.connection.event_stream import LAST_EVENT_ID, EventStreamConnection
from clients.connection.http import GZIP
from loadtests.runs.tally import Sequence
from loadtests.users.listening import ListeningUser


class ServerSentEventsUser(ListeningUser):
    """Asks for a response that does not end, then is told."""

    transport = "server-sent-events"
    host = "http://127.0.0.1:5004"

    def session(self) -> None:
        tally, resumed = self.generator.tally, self.cursor.epoch is not None
        tally.requests += self.counting
        tally.connections += 1
        fields = [*self.fields, *(GZIP if self.options.deflate else ())]
        if resumed:  # as a browser does it
            fields.append((LAST_EVENT_ID, str(self.cursor.seq)))
        where = self.url, self.cursor.target(after=None) if resumed else self.cursor.target()
        connection = EventStreamConnection(*where, self.ledger, fields, self.options.tls, on_gone=self.report_gap)
        try:
            with connection:
                self.sockets = [connection.socket]
                self.cursor.begin(connection.fields.get("feed-epoch"), connection.fields.get("feed-newest"))
                if not resumed:
                    self.sequence = Sequence(self.cursor.seq or 0)
                self.heard(connection)  # what came together with the response's head, and so on its page
                self.joined()
                self.listen(connection)
        finally:
            self.heard(connection)
