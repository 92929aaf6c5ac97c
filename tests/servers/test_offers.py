"""Offers of compression, many at once and of every kind: judged as RFC 7692 has it, and used as they were agreed to."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as some
from websockets.exceptions import NegotiationError
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.frames import Frame, Opcode
from werkzeug.exceptions import BadRequest
from wsproto.events import TextMessage

from servers.sockets.handshake import accept
from servers.sockets.offers import accepted_offer

PLAIN = "permessage-deflate"


@pytest.mark.parametrize(
    ("field", "accepted"),
    [
        (PLAIN, PLAIN),
        (f"{PLAIN}; client_max_window_bits", f"{PLAIN}; client_max_window_bits"),
        (f'{PLAIN}; server_max_window_bits="10"', f"{PLAIN}; server_max_window_bits=10"),
        (f"{PLAIN};server_no_context_takeover ; client_no_context_takeover",
         f"{PLAIN}; server_no_context_takeover; client_no_context_takeover"),
        # declined, each for another reason
        (f"{PLAIN}; unheard_of", None),
        (f"{PLAIN}; server_no_context_takeover=1", None),
        (f"{PLAIN}; server_no_context_takeover; server_no_context_takeover", None),
        (f"{PLAIN}; server_max_window_bits", None),
        (f"{PLAIN}; server_max_window_bits=8", None),
        (f"{PLAIN}; server_max_window_bits=16", None),
        (f"{PLAIN}; server_max_window_bits=07", None),
        (f"{PLAIN}; client_max_window_bits=0", None),
        (f"{PLAIN}; client_max_window_bits=9; client_max_window_bits=10", None),
        ("x-webkit-deflate-frame", None),
        ("permessage-deflated", None),
        # the first that can be accepted; nothing of those before it remains
        (f"{PLAIN}; server_no_context_takeover; unheard_of, {PLAIN}; client_max_window_bits=11",
         f"{PLAIN}; client_max_window_bits=11"),
        (f"{PLAIN}; server_max_window_bits=8, {PLAIN}", PLAIN),
        (f"unheard_of; a=b, {PLAIN}, {PLAIN}; server_no_context_takeover", PLAIN),
        (f"{PLAIN}; client_max_window_bits=8", PLAIN),
    ],
)  # fmt: skip
def test_each_offer_is_judged_alone(field, accepted):
    assert accepted_offer(field) == accepted


@pytest.mark.parametrize("field", ["permessage-deflate;", ";", "a b", 'a; b="', "permessage-deflate; =1", "a; b=é"])
def test_what_is_no_list_of_offers_is_refused_in_words_of_the_servers_own(field):
    with pytest.raises(BadRequest, match=r"Sec-WebSocket-Extensions cannot be read$"):
        accepted_offer(field)


VALUES = some.none() | some.sampled_from(["8", "9", "10", "15", "16", "0", "x", "-1", "010"])
NAMES = some.sampled_from(["server_no_context_takeover", "client_no_context_takeover", "server_max_window_bits",
                           "client_max_window_bits", "unheard_of"])  # fmt: skip
PARAMETERS = some.lists(some.tuples(NAMES, VALUES, some.booleans()), max_size=4)
OFFERS = some.lists(some.tuples(some.sampled_from([PLAIN, PLAIN, PLAIN, "other"]), PARAMETERS), min_size=1, max_size=4)


def written(offers):
    """The offers as a field, some values in quotes."""
    def parameter(name, value, quoted):
        return name if value is None else f'{name}="{value}"' if quoted and value[0] != "-" else f"{name}={value}"

    return ", ".join("; ".join([name, *(parameter(*each) for each in own)]) for name, own in offers)


def of(answer):
    """What a 101 agrees to, as name and value pairs; None for nothing."""
    found = re.search(rb"(?i)sec-websocket-extensions: *(.*)\r\n", answer)
    if found is None:
        return None
    name, *parameters = (part.strip() for part in found[1].decode().split(";"))
    assert name == PLAIN
    return [(key, value or None) for key, _, value in (each.partition("=") for each in parameters)]


def environ(field):
    return {"SERVER_PROTOCOL": "HTTP/1.1", "HTTP_SEC_WEBSOCKET_VERSION": "13",
            "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==", "HTTP_SEC_WEBSOCKET_EXTENSIONS": field}  # fmt: skip


@given(OFFERS, some.lists(some.text(min_size=1, max_size=400), min_size=1, max_size=4))
def test_what_was_agreed_to_is_what_deflates(offers, texts):
    """An independent client takes the answer, and inflates with it what the server sends."""
    answer, connection, compressed = accept(environ(written(offers)), deflate=True)
    agreed = of(answer)
    assert compressed is (agreed is not None)
    if agreed is None:
        return
    accepted = accepted_offer(written(offers))
    assert {name for name, _ in agreed} <= {part.partition("=")[0] for part in accepted.split("; ")[1:]}, "nothing else"
    asked = dict(agreed)
    factory = ClientPerMessageDeflateFactory(
        server_no_context_takeover="server_no_context_takeover" in asked,
        client_no_context_takeover="client_no_context_takeover" in asked,
        server_max_window_bits=int(asked["server_max_window_bits"]) if "server_max_window_bits" in asked else None,
        client_max_window_bits="client_max_window_bits" in asked or None,
    )
    try:
        inflating = factory.process_response_params(agreed, [])
    except NegotiationError as error:
        raise AssertionError(f"the client of another library does not take {agreed}: {error}") from None
    for text in texts:
        frame = connection.send(TextMessage(data=text))
        head = 2 if frame[1] < 126 else 4
        decoded = inflating.decode(Frame(Opcode.TEXT, frame[head:], fin=True, rsv1=True))
        assert bytes(decoded.data).decode() == text


def test_without_deflate_nothing_is_looked_at():
    answer, _, compressed = accept(environ("not; a=; list"), deflate=False)
    assert of(answer) is None and not compressed
