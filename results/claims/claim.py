"""The sixteen claims in the lab's own words, and what a verdict on one is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from results.words import listed


@dataclass(frozen=True)
class Claim:
    """One sentence of the argument in the lab's own words, and the authority that its verdict can be held against."""

    id: str
    words: str
    authority: str


class Outcome(Enum):
    """What a verdict comes to; the value opens its sentence."""

    HOLDS = "Holds:"
    CONDITIONAL = "Holds"
    FAILS = "Does not hold:"
    NOT_MEASURED = "Not measured here:"
    NOT_OBSERVED = "Not observed here:"


IN_WORDS = {
    Outcome.HOLDS: "holds",
    Outcome.CONDITIONAL: "holds in part",
    Outcome.FAILS: "does not hold",
    Outcome.NOT_MEASURED: "not measured",
    Outcome.NOT_OBSERVED: "not observed",
}
UNDECIDED = Outcome.NOT_MEASURED, Outcome.NOT_OBSERVED

Evidence = tuple[tuple[str, str], ...]
"""Rows of a table: what was looked at, and what was found."""


@dataclass(frozen=True)
class Judgement:
    """The outcome for a claim, its reason, and the evidence.

    The reason completes the outcome's sentence: a condition for CONDITIONAL ("for polling above 500 B"), otherwise why.
    """

    outcome: Outcome
    reason: str
    evidence: Evidence = ()


@dataclass(frozen=True)
class Verdict:
    """What the results say about a claim."""

    claim: Claim
    judgement: Judgement

    @property
    def outcome(self) -> Outcome:
        return self.judgement.outcome

    @property
    def evidence(self) -> Evidence:
        return self.judgement.evidence

    @property
    def outcome_in_words(self) -> str:
        """The outcome alone: "holds", "holds in part"."""
        return IN_WORDS[self.outcome]

    @property
    def boundary(self) -> str:
        """Where or why, in the first part of the sentence."""
        return re.split(r"[;:] ", self.judgement.reason)[0]

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        return f"{self.outcome.value} {self.judgement.reason}."


CLAIMS = (
    Claim(
        "C1", "Every HTTP request carries many bytes of headers and cookies.",
        "High Performance Browser Networking, ch. 17",
    ),  # fmt: skip
    Claim("C2", "Over many messages, those headers outweigh the data.", "Lubbers & Greco 2010, audited"),
    Claim("C3", "Carrying those bytes delays every message.", "RFC 6202 §2.2"),
    Claim("C4", "The server could answer without most of those headers.", "RFC 9112 §3.2"),
    Claim("C5", "A long-polling server holds the request until there is a message.", "RFC 6202 §2.2"),
    Claim(
        "C6", "A WebSocket is one lasting connection; either side may send at any time.",
        "RFC 9112 §9.3, RFC 6455",
    ),  # fmt: skip
    Claim("C7", "A WebSocket begins as an HTTP request with Upgrade, answered by 101.", "RFC 6455 §4.1–4.2.2"),
    Claim("C8", "After the handshake the same TCP connection carries on.", "RFC 6455 §1.7"),
    Claim("C9", "A frame costs 4 to 12 bytes before its data.", "RFC 6455 §5.2"),
    Claim("C10", "The receiver gets a message only when its last frame has arrived.", "RFC 6455 §5.4 and §6.2"),
    Claim("C11", "WebSockets deliver messages significantly faster.", "RFC 6202 §2.2, the latency model"),
    Claim("C12", "There are four events, and every error is followed by close.", "WHATWG WebSockets"),
    Claim("C13", "There are two actions, send and close, and send works only while open.", "WHATWG WebSockets"),
    Claim("C14", "A message is text, binary data or an image.", "RFC 6455 §5.6"),
    Claim("C15", "An echo server returns exactly what it was sent.", "RFC 6455 §5.6"),
    Claim("C16", "wss is to ws what HTTPS is to HTTP.", "RFC 6455 §3, RFC 8446 §5.2"),
)

COUNTED = {
    Outcome.HOLDS: "hold",
    Outcome.CONDITIONAL: "hold under a condition",
    Outcome.FAILS: "do not hold",
    Outcome.NOT_MEASURED: "are not measured here",
    Outcome.NOT_OBSERVED: "are not observed here",
}


def counted(found: Iterable[Verdict]) -> str:
    """Return how many claims hold, hold under a condition, do not hold, and are not decided here, in a sentence."""
    numbers = Counter(verdict.outcome for verdict in found)
    parts = [f"{numbers[outcome]} {words}" for outcome, words in COUNTED.items() if numbers[outcome]]
    return f"Of the argument's {numbers.total()} sentences, {listed(parts)}."
