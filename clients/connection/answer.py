"""What an HTTP response to /messages means, whoever has read it. No I/O."""

import gzip
import json
import zlib

from clients.errors import Gone, Refused


def messages_in(status: int, body: bytes, coding: str | None = None) -> list[bytes]:
    """The messages of a response, oldest first, out of its Content-Encoding; Gone or Refused where there are none."""
    if status == 410:
        raise Gone(body)
    if status not in (200, 204):
        raise Refused(f"the server answers {status}: {detail(body)}")
    return (gunzipped(body) if coding == "gzip" else body).splitlines()


def gunzipped(body: bytes) -> bytes:
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error) as error:
        raise Refused(f"the server's answer is no gzip: {error}") from None


def detail(body: bytes) -> str:
    """The detail of a problem (RFC 9457), or the beginning of whatever the body is instead."""
    try:
        return json.loads(body)["detail"]
    except (ValueError, KeyError, TypeError):
        return body[:80].decode(errors="replace")
