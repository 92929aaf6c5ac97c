"""The exchange on a page: no byte missing, no byte taken for markup, colours that can be read."""

import html
import re

import pytest
from lessons.shown import exchange
from lessons.shown.exchange import Exchange

from results.figures import layout

REQUEST = b"GET /messages?after=1&epoch=ab HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 22\r\n\r\n"
HTTP = [("sent", "request_head", line) for line in REQUEST.splitlines(keepends=True)]
HTTP += [("received", "response_head", line) for line in HEAD.splitlines(keepends=True)]
HTTP += [("received", "payload", b'{"seq":2}'), ("received", "framing", b"\n")] * 2
FRAMES = [("received", "framing", b"\x81\x7e\x00\x8e"), ("received", "payload", "é<ß>&".encode())]
CLOSE = [("sent", "framing", b"\x88\x82=\xe0"), ("sent", "framing", b"\r\xdd>\x08")]
BINARY = [("sent", "payload", bytes(range(256)) * 9)]
LONG = [("received", "payload", "Erdbeben in Ōsaka · ".encode() * 50)]
COOKIE = [("sent", "cookies", b"Cookie: a=1\r\n")]
ASSORTED = [HTTP, FRAMES, CLOSE, HTTP + FRAMES + CLOSE, FRAMES * 40, BINARY, LONG, COOKIE]


def text_of(markup: str) -> str:
    """What is read on the page, without the tags."""
    return html.unescape(re.sub(r"<[^>]*>", "", markup.replace("<br>", "")))


def cells(markup: str) -> list[str]:
    return re.findall(r"<code [^>]*>(.*?)</code>", markup, re.DOTALL)


def shown_or_counted(texts: list[str], binary: list[bool]) -> int:
    """Bytes that these texts show, and those they say are left out."""
    left_out = r" ?… ([\d,]+) bytes left out … ?"
    count = 0
    for text, hexadecimal in zip(texts, binary, strict=True):
        count += sum(int(number.replace(",", "")) for number in re.findall(left_out, text))
        rest = re.sub(left_out, " " if hexadecimal else "", text)
        count += len(rest.split()) if hexadecimal else len(rest.encode())
    return count


@pytest.mark.parametrize("entries", ASSORTED)
def test_every_byte_is_shown_or_counted(entries: list[exchange.Entry]) -> None:
    markup, rows = Exchange(entries)._repr_html_(), exchange.rows_of(entries)
    rows = rows if len(rows) <= exchange.ROWS + 1 else rows[: exchange.ROWS - 1] + rows[-1:]
    kinds = [not exchange.is_text(stretch.data) for row in rows for stretch in row]
    texts = [text_of(re.sub("<kbd[^>]*>..</kbd>", "\n", cell)) for cell in cells(markup)]
    folded = sum(int(n.replace(",", "")) for n in re.findall(r"rows, ([\d,]+) bytes left out", markup))
    assert shown_or_counted(texts, kinds) + folded == sum(len(data) for *_, data in entries)


@pytest.mark.parametrize("entries", ASSORTED)
def test_the_text_shows_or_counts_every_byte_too(entries: list[exchange.Entry]) -> None:
    text = repr(Exchange(entries))
    sizes = [int(n.replace(",", "")) for n in re.findall(r"^[→←] \S+ +([\d,]+) B  ", text, re.MULTILINE)]
    folded = [int(n.replace(",", "")) for n in re.findall(r"rows, ([\d,]+) bytes left out", text)]
    assert sum(sizes) + sum(folded) == sum(len(data) for *_, data in entries)
    assert f"{sum(len(data) for *_, data in entries):,} B on the wire" in text


@pytest.mark.parametrize("data", [b"a" * 321, "é".encode() * 400, bytes(1000), b"\xff" + b"text" * 100])
def test_a_long_payload_says_how_much_of_its_middle_is_left_out(data: bytes) -> None:
    stretch = exchange.Stretch("received", "payload", data)
    before, left_out, after = stretch.pieces
    _, sizes = exchange.legible(data)
    assert left_out > 0 and before and after
    assert sum(sizes[: len(before)]) + left_out + sum(sizes[len(sizes) - len(after) :]) == len(data)
    assert f"{left_out:,} bytes left out" in Exchange([("received", "payload", data)])._repr_html_()


def test_a_text_entry_is_a_line() -> None:
    assert repr(Exchange(HTTP)).splitlines()[:2] == [
        "→ request_head      60 B  GET /messages?after=1&epoch=ab HTTP/1.1␍␊Host: localhost␍␊␍␊",
        "← response_head     39 B  HTTP/1.1 200 OK␍␊Content-Length: 22␍␊␍␊",
    ]


def test_frames_are_hexadecimal_and_line_ends_visible() -> None:
    assert "81 7E 00 8E" in Exchange(FRAMES)._repr_html_()
    assert "88 82 3D E0 0D DD 3E 08" in repr(Exchange(CLOSE))
    assert re.sub("<[^>]*>", "", cells(Exchange(HTTP)._repr_html_())[0]).count("CRLF") == 3


def test_bytes_are_not_taken_for_markup() -> None:
    hostile = b"</code><script>alert(1)</script>&amp;\"'<b>"
    markup = Exchange([("received", "payload", hostile)], title="<i>&")._repr_html_()
    assert "<script" not in markup and "<i>" not in markup and "&amp;amp;" in markup
    assert text_of(cells(markup)[0]) == hostile.decode()


def test_styles_stand_at_each_element() -> None:
    markup = Exchange(HTTP + FRAMES)._repr_html_()
    assert "class=" not in markup and "<style" not in markup and "http-equiv" not in markup


@pytest.mark.parametrize("heading", layout.LEDGER_COLOURS)
def test_colours_are_those_of_the_charts_and_can_be_read(heading: str) -> None:
    tone = layout.LEDGER_COLOURS[heading]
    markup = Exchange([("sent", heading, b"bytes")], title="t")._repr_html_()
    cell = re.search(r'<code title="([^"]*)" style="([^"]*)"', markup)
    assert cell and cell[1] == f"{heading.replace('_', ' ')}, client to server"
    assert f"background-color:{tone};color:{exchange.ink(tone)}" in cell[2]
    assert exchange.contrast(tone, exchange.ink(tone)) >= 4.5


def test_contrast_agrees_with_the_standard() -> None:
    assert exchange.contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert exchange.contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.005)


def test_the_legend_counts_all_bytes_by_heading() -> None:
    counts = Exchange(HTTP).bytes_by_heading
    assert list(counts) == list(layout.LEDGER_COLOURS)
    assert counts | {"payload": 0} == dict.fromkeys(layout.LEDGER_COLOURS, 0) | {
        "request_head": len(REQUEST),
        "response_head": len(HEAD),
        "framing": 2,
    }
    assert f"request head <b>{len(REQUEST)}&nbsp;B</b>" in Exchange(HTTP)._repr_html_()


def test_a_transcript_is_split_where_the_client_speaks_again() -> None:
    assert exchange.split(HTTP + HTTP + CLOSE) == [HTTP, HTTP, CLOSE]
    assert exchange.split(FRAMES + CLOSE) == [FRAMES, CLOSE]
    assert exchange.split([]) == []


def test_nothing_is_an_exchange_too() -> None:
    assert "0 B on the wire" in repr(Exchange([])) and "0 B on the wire" in Exchange([])._repr_html_()
