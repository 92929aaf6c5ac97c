"""What can go wrong for a client: each error says whose fault it is, in one line for the user."""

import json


class ClientError(Exception):
    """What a user of a client has to be told, in one line."""


class ServerMissing(ClientError):
    """No server answers at the address, or none does any more."""


class Refused(ClientError):
    """The server refused what the client asked; the status and detail are the server's."""


class BrokenFeed(ClientError):
    """The server's fault: it left out, repeated or reordered a message without saying so, or what it says is none."""


class ConnectionLost(OSError):
    """The connection ended in the middle; a client tries again from where it was."""


class ServerUnavailable(ConnectionLost):
    """A server or a proxy before it answers 502, 503 or 504: a client tries again, not before `retry_after` seconds."""

    def __init__(self, reason: str, retry_after: float = 0.0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Gone(Exception):
    """The server's 410 or close code 4410; carries where the feed stands."""

    def __init__(self, reason: str | bytes) -> None:
        super().__init__(reason)
        try:
            stands = json.loads(reason)
            self.oldest, self.newest, self.epoch = int(stands["oldest"]), int(stands["newest"]), str(stands["epoch"])
        except (ValueError, KeyError, TypeError, RecursionError):
            raise BrokenFeed("the server tells of a gap, and not where the feed stands") from None
