"""Which offer of compression a server accepts (RFC 6455 section 9.1, RFC 7692 section 7.1). No I/O.

wsproto reads all offers into one object, so that of an offer that is passed over something remains. Here each offer is
judged alone, and wsproto is handed the one that is accepted.
"""

import re
from collections.abc import Sequence

from websockets.exceptions import InvalidHeaderFormat
from websockets.headers import parse_extension
from werkzeug.exceptions import BadRequest

DEFLATE = "permessage-deflate"
FLAGS = ("server_no_context_takeover", "client_no_context_takeover")
BITS = re.compile(r"[89]|1[0-5]")
SMALLEST = "8"
"""The window of 2^8 bytes, which zlib does not deflate with. Of a client's it may say so and inflates all the same."""


def accepted_offer(field: str) -> str | None:
    """The first offer in a field Sec-WebSocket-Extensions that can be accepted, in its plainest form; None for none.

    BadRequest if the field is none.
    """
    try:
        offers = parse_extension(field)
    except InvalidHeaderFormat as error:
        raise BadRequest("Sec-WebSocket-Extensions cannot be read") from error
    plain = (_plain(parameters) for name, parameters in offers if name == DEFLATE)
    return next((offer for offer in plain if offer is not None), None)


def _plain(parameters: Sequence[tuple[str, str | None]]) -> str | None:
    """The offer with these parameters; None if it has to be declined: for an unknown, doubled or wrong parameter."""
    names = [name for name, _ in parameters]
    if len(set(names)) < len(names) or not all(_is_valid(*each) for each in parameters):
        return None
    kept = [each for each in parameters if each != ("client_max_window_bits", SMALLEST)]  # which is only a hint
    return "; ".join([DEFLATE, *(name if value is None else f"{name}={value}" for name, value in kept)])


def _is_valid(name: str, value: str | None) -> bool:
    """Whether a parameter can be agreed to."""
    if name in FLAGS:
        return value is None
    if name == "client_max_window_bits":
        return value is None or bool(BITS.fullmatch(value))
    return name == "server_max_window_bits" and value is not None and bool(BITS.fullmatch(value)) and value != SMALLEST
