"""Bytes of both directions, booked in an account."""

from clients.ledger import Account, Ledger

Piece = tuple[str, bytes]


def feed(account: Account, pieces: list[Piece]) -> None:
    for way, data in pieces:
        (account.sent if way == "sent" else account.received)(data)


def booked(pieces: list[Piece]) -> Ledger:
    ledger = Ledger()
    feed(Account(ledger), pieces)
    return ledger
