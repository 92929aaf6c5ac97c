"""The ledger: every byte of TCP payload, as the client sees it, under exactly one of six headings. No I/O."""

from clients.ledger.account import Account as Account
from clients.ledger.book import HEADINGS as HEADINGS
from clients.ledger.book import Direction as Direction
from clients.ledger.book import Ledger as Ledger
from clients.ledger.book import Transcript as Transcript
from clients.ledger.reading import Head as Head
