"""Server-sent events (HTML Living Standard section 9.2): a message as an event. No I/O."""

import re


def event(seq: int, message: bytes) -> bytes:
    """A message as an event whose id is its seq, from which a browser resumes after a lost connection (Last-Event-ID).

    HTML Living Standard §9.2.5 and §9.2.6. A data line for each line of the message; their ends arrive as LF.
    """
    lines = b"".join(b"data: %b\n" % line for line in re.split(rb"\r\n|\r|\n", message))
    return b"id: %d\n%b\n" % (seq, lines)
