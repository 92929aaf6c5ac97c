"""The source of the servers, read and not imported."""

from __future__ import annotations

import difflib
import html

from results.folders import ROOT

HEART = "#F0E442"
START = "\x02"  # stands before a line's first character
LISTING = (
    "font-family:'DejaVu Sans Mono',Menlo,Consolas,monospace;font-size:15px;line-height:1.4;margin:0;padding:10px;"
    "background:#FFFFFF;color:#111111;white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere"
)


class Listing:
    """Source text as a notebook shows it, lines with certain words in them marked; as text, the text itself."""

    def __init__(self, text: str, colours: dict[str, str]) -> None:
        self.text, self.colours = text, colours

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f'<pre style="{LISTING}">{"".join(map(self._line, self.text.splitlines()))}</pre>'

    def _line(self, line: str) -> str:
        colour = next((colour for start, colour in self.colours.items() if start in f"{START}{line}"), None)
        marked = f'<b style="background-color:{colour}">{html.escape(line)}</b>' if colour else html.escape(line)
        return marked + "\n"


def source(server: str) -> Listing:
    """The source of a server, "polling", "long_polling" or "websocket", read and not imported; its main line marked."""
    return Listing(_text(server), {"feed.after(": HEART, "broadcast.follow(": HEART})


def script(name: str) -> Listing:
    """A script of the pages, "client.js"; where it listens to an event is marked."""
    return Listing((ROOT / "servers" / "pages" / name).read_text(encoding="utf-8"), {"addEventListener(": HEART})


def difference(one: str, other: str) -> Listing:
    """The lines in which two servers differ, without their neighbours."""
    before, after = _text(one).splitlines(), _text(other).splitlines()
    lines = list(difflib.unified_diff(before, after, n=0, lineterm=""))[2:]
    return Listing("\n".join(lines), {f"{START}-": "#FBD9C6", f"{START}+": "#CFE6F5"})


def _text(server: str) -> str:
    return (ROOT / "servers" / f"{server}.py").read_text(encoding="utf-8")
