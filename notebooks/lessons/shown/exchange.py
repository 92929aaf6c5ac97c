"""An exchange as it went over the wire, every byte under its ledger heading: as HTML for a notebook, and as text.

It takes what `clients.ledger.Transcript` keeps, a list of (direction, heading, bytes), and does no I/O. Some
notebook viewers drop style sheets and classes, so each cell has its own colours, and words beside them.
"""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from results.figures.layout import LEDGER_COLOURS

Entry = tuple[str, str, bytes]

ARROW = {"sent": "→", "received": "←"}
WAY = {"sent": "client to server", "received": "server to client"}
KEEP = {"payload": 320}
KEEP_ELSE = 2_000
"""Bytes shown of one stretch under a heading; what is longer is left out in the middle, and counted."""
ROWS = 7
"""Rows shown of one exchange, one header section or message each; of two or more too many, only the count is shown."""

NAMES = {"␉": "HT", "␊": "LF", "␍": "CR"}
"""The control characters that occur in text, as they are shown: by Unicode's sign, or in HTML by name."""

MONO = "font-family:'DejaVu Sans Mono',Menlo,Consolas,monospace;font-size:16px;line-height:1.5;padding:3px 2px"
CELL = "padding:4px 10px;text-align:left;vertical-align:top;border:0;font-size:16px;line-height:1.5"
TABLE = "border-collapse:collapse;table-layout:fixed;width:100%;background:#FFFFFF"
BOX = (
    "font-family:sans-serif;font-size:11px;font-weight:bold;padding:0 2px;margin:0 1px;border:1px solid;"
    "border-radius:3px;background:transparent;color:inherit;box-shadow:none"
)


@dataclass(frozen=True)
class Stretch:
    """Neighbouring bytes that went the same way under the same heading."""

    direction: str
    heading: str
    data: bytes

    @property
    def name(self) -> str:
        return self.heading.replace("_", " ")

    @property
    def pieces(self) -> tuple[list[str], int, list[str]]:
        """What is shown before and after the middle, a text per byte or character, and the bytes left out between."""
        texts, sizes = legible(self.data)
        keep = KEEP.get(self.heading, KEEP_ELSE)
        if len(self.data) <= keep:
            return texts, 0, []
        first = fitting(sizes, keep * 2 // 3)
        last = fitting(sizes[::-1], keep // 3)
        end = len(texts) - last
        return texts[:first], sum(sizes[first:end]), texts[end:]


def legible(data: bytes) -> tuple[list[str], list[int]]:
    """Texts that stand for all of `data`, and the bytes each stands for: characters, or hexadecimal bytes if binary."""
    if is_text(data):
        characters = data.decode()
        return [visible(character) for character in characters], [len(c.encode()) for c in characters]
    return [f"{byte:02X}" + (" " if place < len(data) else "") for place, byte in enumerate(data, 1)], [1] * len(data)


def is_text(data: bytes) -> bool:
    """Whether it is UTF-8 without control characters but tab and line ends."""
    try:
        return not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", data.decode())
    except UnicodeDecodeError:
        return False


def visible(character: str) -> str:
    """The character, or the sign that Unicode has for a control character: ␍ for CR, ␊ for LF."""
    return chr(0x2400 + ord(character)) if character < " " else character


def fitting(sizes: Iterable[int], room: int) -> int:
    """How many of the first sizes fit into `room`."""
    return sum(total <= room for total in itertools.accumulate(sizes))


def stretches(entries: Iterable[Entry]) -> list[Stretch]:
    """The entries, those next to each other with the same direction and heading joined."""
    joined = itertools.groupby(entries, key=lambda entry: (entry[0], entry[1]))
    return [Stretch(way, heading, b"".join(entry[2] for entry in group)) for (way, heading), group in joined]


def rows_of(entries: Iterable[Entry]) -> list[list[Stretch]]:
    """The stretches by row: headers have one of their own, a message shares one with its framing, before or after."""
    rows: list[list[Stretch]] = []
    for stretch in stretches(entries):
        last = rows[-1] if rows else []
        pair = {stretch.heading, *(other.heading for other in last)} == {"framing", "payload"}
        if pair and len(last) == 1 and last[0].direction == stretch.direction:
            last.append(stretch)
        else:
            rows.append([stretch])
    return rows


def split(entries: Iterable[Entry]) -> list[list[Entry]]:
    """The exchanges of a transcript: each begins where the client sends after the server has sent."""
    exchanges: list[list[Entry]] = []
    before = "received"
    for entry in entries:
        if entry[0] == "sent" and before == "received" or not exchanges:
            exchanges.append([])
        exchanges[-1].append(entry)
        before = entry[0]
    return exchanges


@dataclass(frozen=True)
class Exchange:
    """What a notebook displays: a table in colour where HTML is shown, else a line per stretch."""

    entries: Sequence[Entry]
    title: str = ""
    rows: int = ROWS

    @property
    def bytes_by_heading(self) -> dict[str, int]:
        """Bytes under each of the six headings, left out or not, in the order of the charts."""
        return {name: sum(len(data) for _, heading, data in self.entries if heading == name) for name in LEDGER_COLOURS}

    def __repr__(self) -> str:
        parts = [self.title, *self._folded(lines, "  {}".format), f"  {self._counts()}"]
        return "\n".join(filter(None, parts))

    def _repr_html_(self) -> str:
        title = f'<p style="font-size:20px;font-weight:bold;margin:8px 0">{html.escape(self.title)}</p>'
        rows = "".join(self._folded(row, note_row))
        table = f'<table style="{TABLE}">{rows}</table>'
        return f"<div>{title if self.title else ''}{legend(self.bytes_by_heading)}{table}{self._sum()}</div>"

    def _folded(self, show: Callable[[list[Stretch]], str], note: Callable[[str], str]) -> list[str]:
        """Every row as `show` has it; of more than `rows`, a note of what is left out in place of the middle."""
        rows, end = rows_of(self.entries), max(self.rows // 4, 1)
        middle = rows[self.rows - end : -end]
        if len(rows) <= self.rows + 1:  # a note would take the place of a single row
            return [show(group) for group in rows]
        count = sum(len(stretch.data) for group in middle for stretch in group)
        words = f"… {len(middle):,} more rows, {count:,} bytes left out …"
        return [*map(show, rows[: self.rows - end]), note(words), *map(show, rows[-end:])]

    def _counts(self) -> str:
        sent = sum(len(data) for direction, _, data in self.entries if direction == "sent")
        received = sum(len(data) for _, _, data in self.entries) - sent
        return f"{sent + received:,} B on the wire: {sent:,} B sent, {received:,} B received"

    def _sum(self) -> str:
        return f'<p style="font-size:18px;margin:8px 0">{self._counts()}</p>'


def lines(group: Iterable[Stretch]) -> str:
    """A row as text, a line per stretch."""
    return "\n".join(map(line, group))


def line(stretch: Stretch) -> str:
    """A stretch as one line of text."""
    before, left_out, after = stretch.pieces
    gap = f" … {left_out:,} bytes left out … " if left_out else ""
    text = "".join([*before, gap, *after])
    return f"{ARROW[stretch.direction]} {stretch.heading:<14}{len(stretch.data):>6,} B  {text}"


def row(group: Sequence[Stretch]) -> str:
    """Stretches that belong together as a row: the way they went, their headings and sizes, their bytes in colour."""
    way = WAY[group[0].direction]
    names = "<br>".join(stretch.name for stretch in group)
    sizes = "<br>".join(f"{len(stretch.data):,}&nbsp;B" for stretch in group)
    return (
        f'<tr style="background:#FFFFFF;color:#111111">'
        f'<td style="{CELL};width:30px;font-size:22px;line-height:1" title="{way}">{ARROW[group[0].direction]}</td>'
        f'<td style="{CELL};width:150px;white-space:nowrap">{names}</td>'
        f'<td style="{CELL};width:84px;text-align:right;white-space:nowrap">{sizes}</td>'
        f'<td style="{CELL};word-break:break-all;white-space:pre-wrap">{"".join(map(coloured, group))}</td></tr>'
    )


def coloured(stretch: Stretch) -> str:
    """The bytes of a stretch on its heading's colour, which is named when pointed at."""
    before, left_out, after = stretch.pieces
    gap = f" <b>… {left_out:,} bytes left out …</b> " if left_out else ""
    title = f"{stretch.name}, {WAY[stretch.direction]}"
    return f'<code title="{title}" style="{MONO};{on(stretch.heading)}">{marked(before)}{gap}{marked(after)}</code>'


def marked(texts: list[str]) -> str:
    """The texts as HTML: control characters by their names in a box, a new line after each LF."""
    shown = re.sub("[\u2400-\u241f]", boxed, html.escape("".join(texts)))
    return shown.replace(boxed_lf := boxed("␊"), f"{boxed_lf}<br>").removesuffix("<br>")


def boxed(sign: str | re.Match[str]) -> str:
    """CR, LF or HT in a box: few fonts have Unicode's signs for them, and they are too small for the last row."""
    return f'<kbd style="{BOX}">{NAMES[str(sign if isinstance(sign, str) else sign[0])]}</kbd>'


def note_row(words: str) -> str:
    return (
        f'<tr style="background:#FFFFFF;color:#111111"><td style="{CELL}"></td>'
        f'<td colspan="3" style="{CELL};font-size:16px;font-style:italic">{words}</td></tr>'
    )


def legend(counts: dict[str, int]) -> str:
    """The six headings on their colours, each with its bytes."""
    chips = [
        f'<span title="{name.replace("_", " ")}" style="{on(name)};display:inline-block;padding:3px 10px;'
        f'margin:0 8px 6px 0;font-size:17px">{name.replace("_", " ")} <b>{count:,}&nbsp;B</b></span>'
        for name, count in counts.items()
    ]
    return f'<p style="margin:4px 0">{" ".join(chips)}</p>'


def on(heading: str) -> str:
    """The heading's colour as background, and the ink that is read best on it."""
    return f"background-color:{LEDGER_COLOURS[heading]};color:{ink(LEDGER_COLOURS[heading])}"


def ink(background: str) -> str:
    """Black or white, whichever stands out more (WCAG 2, contrast ratio)."""
    return max("#000000", "#FFFFFF", key=lambda colour: contrast(colour, background))


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2, section 1.4.3)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """Relative luminance of #RRGGBB."""
    shares = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
