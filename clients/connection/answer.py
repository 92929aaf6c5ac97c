"""What an HTTP response to /messages means, whoever has read it. No I/O."""

import json

from clients.errors import Gone, Refused


def messages_in(status: int, body: bytes) -> list[bytes]:
    """The messages of a response, oldest first; Gone or Refused where the server has none to give."""
    if status == 410:
        raise Gone(body)
    if status not in (200, 204):
        raise Refused(f"the server answers {status}: {detail(body)}")
    return body.splitlines()


def detail(body: bytes) -> str:
    """The detail of a problem (RFC 9457), or the beginning of whatever the body is instead."""
    try:
        return json.loads(body)["detail"]
    except (ValueError, KeyError, TypeError):
        return body[:80].decode(errors="replace")
