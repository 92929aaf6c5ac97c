"""What each delivery is said to have taken, and what a terminal is shown of it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from clients.__main__ import escaped, line
from clients.cursor import Cursor
from clients.delivery import Delivery

SIZES = some.lists(some.integers(1, 5_000), min_size=1, max_size=20)


@given(SIZES, some.integers(0, 3_000), some.integers(0, 10_000))
def test_no_delivery_is_below_its_own_size_and_they_add_up(sizes, heads, booked):
    """As on a wire without compression: every message has its line end, and all have one response's heads."""
    messages = [b"x" * size for size in sizes]
    wire = booked + sum(sizes) + len(sizes) + heads
    shares = Cursor(booked=booked).split_wire_bytes(messages, wire)
    assert sum(shares) == wire - booked
    assert all(share >= size for share, size in zip(shares, sizes, strict=True))
    beside = [share - size - 1 for share, size in zip(shares, sizes, strict=True)]
    assert set(beside[1:]) <= {heads // len(sizes)} and beside[0] - heads // len(sizes) == heads % len(sizes)


@given(SIZES, some.floats(0.05, 0.99))
def test_compressed_messages_share_by_their_sizes_and_add_up(sizes, ratio):
    messages, whole = [b"x" * size for size in sizes], max(round(sum(sizes) * ratio), 1)
    shares = Cursor().split_wire_bytes(messages, whole)
    assert sum(shares) == whole and min(shares) >= 0
    assert all(share <= size + len(sizes) for share, size in zip(shares[1:], sizes[1:], strict=True))


def test_posts_of_1_1000_and_1_characters():
    """In one response with 600 B of headers, of which each has 200 B, and its line end."""
    messages = [b"x" * size for size in (54, 1_053, 54)]
    assert Cursor().split_wire_bytes(messages, 600 + sum(map(len, messages)) + 3) == [255, 1_254, 255]


def delivered(data):
    return Delivery(1, 1.0, 1.001, data, 60, 200)


@given(some.text())
def test_no_character_acts_on_a_terminal(text):
    shown = escaped(json.dumps(text, ensure_ascii=False))
    assert all(letter.isprintable() for letter in shown)
    assert all(letter.isprintable() for letter in line(delivered(text)).replace("\n", "\0"))
    assert all(letter.isprintable() for letter in line(delivered({"magnitude": 1.5, "place": text})))


@pytest.mark.parametrize(
    ("data", "words"),
    [("\u009b31m", r'"\x9b31m"'), ("\u202eevil", r'"\u202eevil"'), ("a\ud800b", r'"a\ud800b"'),
     ("Größe →", '"Größe →"')],
)
def test_what_is_shown_instead(data, words):
    assert words in line(delivered(data))
