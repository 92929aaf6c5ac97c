"""C14: what a message can be."""

from __future__ import annotations

import pandas as pd

from results.claims.evidence import Judged, judge
from results.claims.observed import Seen
from results.words import listed

TEXT, BINARY, IMAGE, BASE64 = "a text", "binary data", "a PNG image", "a PNG image in base64"
WIRE = "bytes on the wire, the closing frame among them"


def kinds(observations: pd.DataFrame) -> Judged:
    """Whether each kind comes back as it went, and whether an image is a kind of its own."""
    seen = Seen(observations, "C14")
    back, opcodes = (seen.of_each(quantity, (TEXT, BINARY, IMAGE, BASE64)) for quantity in ("comes back", "opcode"))
    own = opcodes.get(IMAGE) not in (opcodes.get(TEXT), opcodes.get(BINARY))
    cases = [back.get(TEXT) == "the same", back.get(BINARY) == "the same", back.get(IMAGE) == "the same" and own]
    image, encoded = seen.whole(WIRE, IMAGE), seen.whole(WIRE, BASE64)
    boundary = (
        f"there are {len(set(opcodes.values()))} opcodes; a PNG of {seen.whole('size', IMAGE):,} B travels as "
        f"{_kind(opcodes, IMAGE)} in {image:,} B, and in base64 as {_kind(opcodes, BASE64)} in {encoded:,} B, "
        f"{100 * (encoded / image - 1):.0f} % more"
    )
    numbers = [
        f"{kind[0].upper()}{kind[1:]}: opcode {opcode}, comes back {back[kind]}." for kind, opcode in opcodes.items()
    ]
    code = seen.one("close code of the server", "a text that is not UTF-8")
    numbers.append(f"A text that is not UTF-8 is closed with {code}.")
    fitting = [kind for kind, fits in zip((TEXT, BINARY, "an image"), cases, strict=True) if fits]
    when = f"it is {listed(fitting)}, and an image one of these" if fitting else ""
    return judge(cases, when, boundary), tuple(numbers)


def _kind(opcodes: dict[str, str], message: str) -> str:
    """The plain kind of message whose opcode another has."""
    return next((kind for kind in (TEXT, BINARY) if opcodes[kind] == opcodes[message]), "its own")
