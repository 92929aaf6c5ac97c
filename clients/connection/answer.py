"""What an HTTP response to /messages means, whoever has read it. No I/O."""

import json
import zlib

from clients.errors import ConnectionLost, Gone, Refused

LARGEST = 64 * 1024 * 1024  # bytes of a response, and of what it is unpacked to
LONGEST_DETAIL = 200  # characters


def messages_in(status: int, body: bytes, coding: str | None = None) -> list[bytes]:
    """The messages of a response, oldest first, out of its Content-Encoding.

    Gone, Refused or ConnectionLost where there are none.
    """
    if status == 410:
        raise Gone(body)
    if status not in (200, 204):
        raise refusal(status, body)
    return (gunzipped(body) if coding == "gzip" else body).splitlines()


def refusal(status: int, body: bytes) -> Refused | ConnectionLost:
    """What a status that is an error says; 503 is for now alone, and the client tries again."""
    words = f"the server answers {status}: {detail(body)}"
    return ConnectionLost(words) if status == 503 else Refused(words)


def gunzipped(body: bytes) -> bytes:
    """What was compressed, up to LARGEST bytes."""
    unpacking = zlib.decompressobj(wbits=31)
    try:
        whole = unpacking.decompress(body, LARGEST)
    except zlib.error as error:
        raise Refused(f"the server's answer is no gzip: {error}") from None
    if not unpacking.eof or unpacking.unused_data:
        raise Refused(f"the server's answer is no gzip of at most {LARGEST:,} B")
    return whole


def detail(body: bytes) -> str:
    """The detail of a problem (RFC 9457), or the beginning of whatever the body is instead."""
    try:
        said = str(json.loads(body)["detail"])
    except (ValueError, KeyError, TypeError, RecursionError):
        said = body[:80].decode(errors="replace")
    return "".join(letter if letter.isprintable() else " " for letter in said)[:LONGEST_DETAIL]
