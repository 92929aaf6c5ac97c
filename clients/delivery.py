"""What a client hands on: deliveries and gaps; and its place in the feed, from which it resumes. No I/O."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

SCHEMES = {"http": "https", "ws": "wss", "https": "https", "wss": "wss"}  # and each with TLS


class ClientError(Exception):
    """What a user of a client has to be told, in one line."""


class ServerMissing(ClientError):
    """Nobody answers at the address, or nobody does any more."""


class Refused(ClientError):
    """The server refused what the client asked; the status and detail are the server's."""


class BrokenFeed(ClientError):
    """The server's fault: it left out, repeated or reordered a message without saying so."""


class ConnectionLost(OSError):
    """The connection ended in the middle; a client tries again from where it was."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it came: times are Unix time in seconds, `wire_bytes` what passed both ways since the one before."""

    seq: int
    published_at: float
    received_at: float
    data: Any
    size: int
    wire_bytes: int

    @property
    def latency(self) -> float:
        """Seconds from publication to the moment the client had the whole message."""
        return self.received_at - self.published_at


@dataclass(frozen=True, slots=True)
class Gap:
    """Messages the client will never see: it wanted what follows `after`, the feed begins at `oldest` or began anew."""

    after: int
    oldest: int
    newest: int
    restarted: bool

    def __str__(self) -> str:
        if self.restarted:
            return f"gap: the feed began anew; what followed {self.after} before is lost, going on at {self.oldest}"
        if self.after > self.newest:
            return f"gap: the feed has not come to {self.after}; going on at {self.oldest}"
        return f"gap: messages {self.after + 1} to {self.oldest - 1} are lost; going on at {self.oldest}"


class Gone(Exception):
    """The server's 410 or close code 4410; carries where the feed stands."""

    def __init__(self, reason: str | bytes) -> None:
        super().__init__(reason)
        stands = json.loads(reason)
        self.oldest, self.newest, self.epoch = stands["oldest"], stands["newest"], stands["epoch"]


@dataclass
class Cursor:
    """A client's place in the feed: the last seq it has, and the feed's epoch; None until it knows them."""

    seq: int | None = None
    epoch: str | None = None
    booked: int = 0  # wire bytes that earlier deliveries account for
    answers: int = 0  # how often a server has answered

    def target(self, **extra: object) -> str:
        """The request target that asks for what comes next."""
        known = {"after": self.seq, "epoch": self.epoch} | extra
        query = urlencode({name: value for name, value in known.items() if value is not None})
        return f"/messages?{query}" if query else "/messages"

    def learn(self, epoch: str | None, newest: str | int | None) -> None:
        """Count an answer, and take over what it says of the feed where the cursor does not know it yet."""
        self.answers += 1
        self.epoch = self.epoch or epoch
        if self.seq is None and newest is not None:
            self.seq = int(newest)

    def deliver(self, messages: list[bytes], received_at: float, wire: int) -> Iterator[Delivery]:
        """Step over messages that came together; `wire` is what the ledger's total was then.

        BrokenFeed if a seq is not the next one.
        """
        for message, spent in zip(messages, self.shares(messages, wire), strict=True):
            record = json.loads(message.decode())
            if self.seq is not None and record["seq"] != self.seq + 1:
                raise BrokenFeed(f"message {record['seq']} came after {self.seq}")
            self.seq = record["seq"]
            yield Delivery(record["seq"], record["published_at"], received_at, record["data"], len(message), spent)

    def shares(self, messages: list[bytes], wire: int) -> list[int]:
        """Split what passed since the last messages among these.

        The first of them bears what the answer cost beside the messages; compressed, none costs more than its share.
        """
        whole, self.booked = wire - self.booked, wire
        if len(messages) == 1:
            return [whole]
        later = [min(len(message) + 1, whole // len(messages)) for message in messages[1:]]
        return [whole - sum(later), *later]

    def skip(self, gone: Gone) -> Gap:
        """Go on from the oldest message of the feed as it is; return what is lost by that."""
        restarted = self.epoch is not None and gone.epoch != self.epoch
        gap = Gap(self.seq or 0, gone.oldest, gone.newest, restarted)
        self.seq, self.epoch = gone.oldest - 1, gone.epoch
        return gap


class Address(NamedTuple):
    """Where a server is, and whether TLS is spoken there."""

    host: str
    port: int
    secure: bool

    @property
    def authority(self) -> str:
        """Host and port as a URL and a Host line have them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def address_of(url: str) -> Address:
    """Return what a server's URL says; http and ws mean the same, and https and wss. ClientError if it is none."""
    try:
        parts = urlsplit(url)
        if parts.scheme in SCHEMES and parts.hostname and parts.path in ("", "/", "/messages"):
            secure = parts.scheme in ("https", "wss")
            return Address(parts.hostname, parts.port or (443 if secure else 80), secure)
    except ValueError:
        pass
    raise ClientError(f"{url} is not the address of a server: it looks like http://127.0.0.1:5001")


def with_tls(url: str) -> str:
    """The same address over TLS."""
    scheme, mark, rest = url.partition("://")
    return SCHEMES.get(scheme, scheme) + mark + rest
