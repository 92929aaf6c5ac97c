"""Received bytes become frames, and frames become messages (RFC 6455 section 5.4). No I/O."""

from collections.abc import Iterator

from wsproto.connection import Connection
from wsproto.events import Event

from servers.scheduling import one_per_loop, yield_to_loop


class MessageTooBig(Exception):
    """A message has more bytes than the receiver takes."""


class MessageAssembler:
    """Joins the fragments of one message after another; for one thread."""

    def __init__(self, largest: int) -> None:
        self._largest = largest  # bytes of a message
        self._fragments = bytearray()

    def add(self, fragment: bytes, is_last: bool) -> bytes | None:
        """Add a fragment; return the message once it is complete. Raises MessageTooBig once it is too big."""
        self._fragments += fragment
        if len(self._fragments) > self._largest:
            raise MessageTooBig()
        if not is_last:
            return None
        message, self._fragments = self._fragments, bytearray()
        return bytes(message)


def parsed_fairly(protocol: Connection, data: bytes, piece: int) -> Iterator[Event]:
    """Yield the frames of received bytes; other greenlets run in between, however many frames came at once.

    `piece` bytes are parsed at a time. Compressed data is inflated in small pieces, so that a message is refused as too
    big before it fills the memory.
    """
    for start in range(0, len(data), piece):
        if start:
            one_per_loop()  # however much there is to inflate
        protocol.receive_data(data[start : start + piece])
        for number, event in enumerate(protocol.events()):
            if number:
                yield_to_loop()  # however many frames came at once
            yield event
