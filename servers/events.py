"""Server-sent events (HTML Living Standard section 9.2): a message as an event. No I/O."""

import re

COMMENT_INTERVAL = 15.0  # seconds of silence, after which a comment keeps proxies from closing the connection
COMMENT = b":\n"
"""What a browser passes over (section 9.2.6)."""


def event(seq: int, message: bytes) -> bytes:
    """A message as an event whose id is its seq, from which a browser resumes after a lost connection (Last-Event-ID).

    HTML Living Standard §9.2.5 and §9.2.6. A data line for each line of the message; their ends arrive as LF.
    """
    lines = b"".join(b"data: %b\n" % line for line in re.split(rb"\r\n|\r|\n", message))
    return b"id: %d\n%b\n" % (seq, lines)


def gone(seq: int, feed_stands: str) -> bytes:
    """A gap as an event of its own type: a page has to listen for it. It resumes after `seq`."""
    return b"event: gone\nid: %d\ndata: %b\n\n" % (seq, feed_stands.encode())


def chunk(data: bytes) -> bytes:
    """A chunk of the chunked transfer coding: its size in hexadecimal, the data, CRLF after each (RFC 9112 §7.1).

    ValueError for no data: that chunk would be the last one.
    """
    if not data:
        raise ValueError("a chunk without data ends the body")
    return b"%x\r\n%b\r\n" % (len(data), data)
