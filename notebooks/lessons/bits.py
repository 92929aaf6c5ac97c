"""Lesson 4: a frame's header, bit by bit (RFC 6455, section 5.2)."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from websockets.frames import Frame, Opcode

from lessons.shown.sliders import Explorer, slider
from results.figures.layout import Chart, freeze_layout, new_figure, styled
from results.model import frame_header_bytes

SIZES = [0, 1, 20, 125, 126, 127, 142, 1_000, 65_535, 65_536, 1_000_000]
WORDS = {0: "continuation", 1: "text", 2: "binary", 8: "close", 9: "ping", 10: "pong"}
COLOURS = {"FIN": "#009E73", "reserved": "#DDDDDD", "opcode": "#56B4E9", "mask": "#D55E00", "length": "#F0E442",
           "extended length": "#E69F00", "masking key": "#CC79A7"}  # fmt: skip
PITCH = 1.6  # from one row of bits to the next, in widths of a bit: names stand below the one and above the other
MASK_KEY = bytes.fromhex("37fa213d")  # that of the example in RFC 6455, section 5.7


@dataclass(frozen=True)
class Field:
    """A stretch of a header: its name, its bits as they stand, and what they say."""

    name: str
    bits: str
    says: str


def fields(data: bytes) -> list[Field]:
    """The fields of the header with which `data` begins."""
    bits = "".join(f"{byte:08b}" for byte in data[:14])
    length, masked = int(bits[9:16], 2), bits[8] == "1"
    extended = {126: 16, 127: 64}.get(length, 0)
    found = [
        Field("FIN", bits[0], "the last frame of its message" if bits[0] == "1" else "more frames follow"),
        Field("reserved", bits[1:4], "for extensions"),
        Field("opcode", bits[4:8], WORDS.get(int(bits[4:8], 2), "reserved")),
        Field("mask", bits[8], "a masking key follows" if masked else "not masked"),
        Field("length", bits[9:16], {126: "two bytes of length follow", 127: "eight bytes of length follow"}.get(
            length, f"{length:,} B of data")),
    ]  # fmt: skip
    at = 16
    if extended:
        size = bits[at : at + extended]
        found.append(Field("extended length", size, f"{int(size, 2):,} B of data"))
        at += extended
    if masked:
        found.append(Field("masking key", bits[at : at + 32], data[at // 8 : at // 8 + 4].hex(" ")))
    return found


def dissect(data: bytes) -> pd.DataFrame:
    """The header with which `data` begins, a row for each field."""
    rows = [[len(each.bits), each.bits, each.says] for each in fields(data)]
    return pd.DataFrame(rows, [each.name for each in fields(data)], ["bits", "as sent", "which says"])


def header(size: int, masked: bool, opcode: Opcode = Opcode.TEXT) -> bytes:
    """The header of a frame with `size` bytes of data, as the websockets library writes it."""
    whole = Frame(opcode, bytes(size)).serialize(mask=masked)
    start = whole[: len(whole) - size]
    return start[:-4] + MASK_KEY if masked else start


def headers() -> Explorer:
    """Sliders for the size of a message and for who sends it: the bits of its header."""
    return Explorer(drawn, {
        "size": slider("message", SIZES, 142, " B"),
        "sender": slider("sent by", ["the server", "the client"], "the server"),
    })  # fmt: skip


@styled
def drawn(size: int, sender: str) -> Chart:
    """The header's bits in boxes, four bytes a row."""
    masked = sender == "the client"
    data = header(size, masked)
    assert len(data) == frame_header_bytes(size, masked)
    title = f"{size:,} B from {sender}: {len(data)} bytes before the data"
    note = "RFC 6455, section 5.2. A row has four bytes, the first bit left."
    note += " The masking key is that of the RFC's example." if masked else ""
    rows = -(-len(data) // 4)
    figure = new_figure(title, note, height=2.4 + 0.62 * PITCH * rows)
    axes = figure.subplots()
    at = 0
    for each in fields(data):
        _boxes(axes, each, at)
        at += len(each.bits)
    axes.set(xlim=(0, 32), ylim=(rows * PITCH + 0.1, -0.6))
    axes.set_axis_off()
    freeze_layout(figure)
    alt = ", ".join(f"{each.name} {each.bits} ({each.says})" for each in fields(data))
    return Chart("frame_header", figure, title, f"The header's bits: {alt}.")


def _boxes(axes: Axes, field: Field, start: int) -> None:
    """A field's bits, one box each, and its name over the first of them in each row."""
    for place, bit in enumerate(field.bits, start):
        row, column = divmod(place, 32)
        axes.add_patch(Rectangle((column, row * PITCH), 1, 0.75, facecolor=COLOURS[field.name], edgecolor="white"))
        axes.text(column + 0.5, row * PITCH + 0.38, bit, ha="center", va="center", fontsize=11)
        if place == start and len(field.bits) == 1:
            axes.text(column + 0.5, row * PITCH + 0.79, field.name, ha="center", va="top", fontsize=11)
        elif place == start or column == 0:
            axes.text(column, row * PITCH - 0.06, field.name, ha="left", va="bottom", fontsize=11)
