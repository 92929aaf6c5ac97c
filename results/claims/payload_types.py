"""C14: what a message can be."""

from __future__ import annotations

import pandas as pd

from results.claims.claim import Judgement
from results.claims.evidence import judge, names_of
from results.claims.observed import Observed

TEXT, BINARY, IMAGE, BASE64 = "a text", "binary data", "a PNG image", "a PNG image in base64"
WIRE = "bytes on the wire, the closing frame among them"


def kinds(observations: pd.DataFrame) -> Judgement:
    """Judge C14: whether each kind returns as it was sent, and whether an image is a kind of its own."""
    seen = Observed(observations, "C14")
    back, opcodes = (seen.of_each(quantity, (TEXT, BINARY, IMAGE, BASE64)) for quantity in ("comes back", "opcode"))
    own = opcodes[IMAGE] not in (opcodes[TEXT], opcodes[BINARY])
    parts = {"text": back[TEXT] == "the same", "binary data": back[BINARY] == "the same",
             "an image": back[IMAGE] == "the same" and own}  # fmt: skip
    image, encoded = seen.whole(WIRE, IMAGE), seen.whole(WIRE, BASE64)
    code = seen.one("close code of the server", "a text that is not UTF-8")
    return judge(
        parts.values(),
        holds="each has an opcode of its own, and returns as it was sent",
        when=f"for {names_of(parts)}; an image travels as {_kind(opcodes, IMAGE)}",
        fails="none returns as it was sent",
        evidence=(
            *((f"opcode of {kind}", f"{opcode}; it returns {back[kind]}") for kind, opcode in opcodes.items()),
            (f"a PNG of {seen.whole('size', IMAGE):,} B as {_kind(opcodes, IMAGE)}", f"{image:,} B on the wire"),
            (f"the same in base64, as {_kind(opcodes, BASE64)}",
             f"{encoded:,} B on the wire, {100 * (encoded / image - 1):.0f} % more"),
            ("a text that is not UTF-8", f"closed with {code}"),
        ),
    )  # fmt: skip


def _kind(opcodes: dict[str, str], message: str) -> str:
    """The plain kind of message whose opcode another has."""
    return next((kind for kind in (TEXT, BINARY) if opcodes[kind] == opcodes[message]), "its own")
