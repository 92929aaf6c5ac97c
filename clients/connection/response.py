"""What an HTTP response to /messages means. No I/O."""

import json
import re
import time
import zlib
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from clients.errors import Gone, Refused, ServerUnavailable

LARGEST = 64 * 1024 * 1024  # bytes of a response, and of what it is unpacked to
LONGEST_DETAIL = 200  # characters


UNAVAILABLE = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)
"""What a server, or a proxy before it, answers for now: RFC 9110 sections 15.6.3 to 15.6.5."""


def messages_in(
    status: int, body: bytes, coding: str | None = None, retry_after: str | None = None
) -> list[bytes]:
    """The messages of a response, oldest first, out of its Content-Encoding; `retry_after` is the field Retry-After.

    Gone, Refused or ServerUnavailable where there are none.
    """
    if status == 410:
        raise Gone(body)
    if status not in (200, 204):
        raise refusal(status, body, retry_after)
    return (gunzipped(body) if coding == "gzip" else body).splitlines()


def refusal(status: int, body: bytes, retry_after: str | None = None) -> Refused | ServerUnavailable:
    """What a status that is an error says; 502, 503 and 504 are for now alone, and the client tries again."""
    words = f"the server answers {status}: {error_detail(body) or status_phrase(status)}"
    return ServerUnavailable(words, seconds_of(retry_after)) if status in UNAVAILABLE else Refused(words)


def status_phrase(status: int) -> str:
    """The standard's words for a status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "a status that no standard has"


def seconds_of(retry_after: str | None) -> float:
    """Seconds to wait by a field Retry-After (RFC 9110 section 10.2.3): a number, or a date; 0 if it is neither."""
    if not retry_after:
        return 0.0
    if re.fullmatch(r"[0-9]{1,9}", retry_after):
        return float(retry_after)
    moment = unix_time(retry_after)
    return 0.0 if moment is None else max(moment - time.time(), 0.0)


def unix_time(date: str) -> float | None:
    """The Unix time of a date in a field (RFC 9110 section 5.6.7); None if it is malformed."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def gunzipped(body: bytes) -> bytes:
    """Decompress a gzip body of up to LARGEST bytes; Refused if it is larger or malformed."""
    unpacking = zlib.decompressobj(wbits=31)
    try:
        whole = unpacking.decompress(body, LARGEST)
    except zlib.error as error:
        raise Refused("the server's answer is no gzip") from error
    if not unpacking.eof or unpacking.unused_data:
        raise Refused(f"the server's answer is no gzip of at most {LARGEST:,} B")
    return whole


def error_detail(body: bytes) -> str:
    """The detail of a problem (RFC 9457), or the beginning of a plain text; "" for a page of HTML, as of a proxy."""
    try:
        said = str(json.loads(body)["detail"])
    except (ValueError, KeyError, TypeError, RecursionError):
        said = "" if body.lstrip()[:1] == b"<" else body[:80].decode(errors="replace").strip()
    return "".join(letter if letter.isprintable() else " " for letter in said)[:LONGEST_DETAIL]
