"""Output that every terminal can show."""

import codecs
import io
import sys

PLAIN = {"→": "->", "–": "-", "−": "-", "…": "...", "≥": ">=", "≤": "<=", "µ": "u", "±": "+-", "·": "-",
         "²": "^2", "√": "sqrt", "λ": "lambda", "τ": "tau", "’": "'", "“": '"', "”": '"', "\u00a0": " "}  # fmt: skip
"""What is written for characters that an encoding lacks; for all others, a question mark."""


def write_plainly() -> None:
    """Let standard output and error replace what their encoding lacks, instead of ending the program."""
    codecs.register_error("plain", _replacement)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="plain")


def _replacement(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(PLAIN.get(letter, "?") for letter in error.object[error.start : error.end]), error.end
