"""What passes through the delay line, written down with its times."""

import json
import time
from typing import TextIO

from loadtests.link.delayline import Piece


class Recorder:
    """Writes a line of JSON per piece: when it came and went (Unix time), its bytes as Latin-1, a character each."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._unix_offset = time.time() - time.monotonic()

    def passed(self, connection: int, direction: str, piece: Piece, now: float) -> None:
        """Write a piece that goes on at this moment of the monotonic clock."""
        sent, delivered = (round(self._unix_offset + moment, 6) for moment in (piece.arrived, now))
        print(json.dumps({"connection": connection, "direction": direction, "sent": sent, "delivered": delivered,
                          "data": piece.data.decode("latin-1")}), file=self._file)  # fmt: skip
