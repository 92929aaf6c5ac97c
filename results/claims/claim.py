"""The sixteen claims in the lab's own words, and what a verdict is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from results.words import listed


@dataclass(frozen=True)
class Claim:
    """One sentence of the argument in the lab's own words, and the authority that its verdict can be held against."""

    id: str
    words: str
    authority: str


@dataclass(frozen=True)
class Verdict:
    """What the runs say about a claim, and the numbers that say it, a sentence each."""

    claim: Claim
    verdict: str
    numbers: tuple[str, ...] = ()


CLAIMS = (
    Claim("C1", "Every HTTP request is laden with headers and cookies.", "High Performance Browser Networking, ch. 17"),
    Claim("C2", "Over many messages those headers become a mass of data.", "Lubbers & Greco 2010, audited"),
    Claim("C3", "Carrying those bytes makes every message later.", "RFC 6202 §2.2"),
    Claim("C4", "The server could answer without most of those headers.", "RFC 9112 §3.2"),
    Claim("C5", "A long-polling server holds the request until it has something to say.", "RFC 6202 §2.2"),
    Claim(
        "C6", "A WebSocket is one lasting connection on which either side speaks at will.", "RFC 9112 §9.3, RFC 6455"
    ),
    Claim("C7", "A WebSocket begins as an HTTP request with Upgrade, answered by 101.", "RFC 6455 §4.1–4.2.2"),
    Claim("C8", "After the handshake the same TCP connection carries on.", "RFC 6455 §1.7"),
    Claim("C9", "A frame costs 4 to 12 bytes before its data.", "RFC 6455 §5.2"),
    Claim("C10", "The receiver learns of a message only once its last frame is there.", "RFC 6455 §5.4 and §6.2"),
    Claim("C11", "WebSockets bring messages to the client significantly sooner.", "RFC 6202 §2.2, the latency model"),
    Claim("C12", "There are four events; whatever raises error also ends the connection.", "WHATWG WebSockets"),
    Claim("C13", "There are two actions, send and close, and send works only while open.", "WHATWG WebSockets"),
    Claim("C14", "A message is text, binary data or an image.", "RFC 6455 §5.6"),
    Claim("C15", "An echo server returns exactly what it was sent.", "RFC 6455 §5.6"),
    Claim("C16", "wss is to ws what HTTPS is to HTTP.", "RFC 6455 §3, RFC 8446 §5.2"),
)

NOT_MEASURED, NOT_OBSERVED = "not measured here", "not observed here"
UNDECIDED = NOT_MEASURED, NOT_OBSERVED


def counted(found: Iterable[Verdict]) -> str:
    """How many claims hold, hold under a condition, do not hold, and are not decided here, in a sentence."""
    kinds = {"hold": "holds:", "hold under a condition": "holds when", "do not hold": "does not hold"}
    kinds |= {"are not measured here": NOT_MEASURED, "are not observed here": NOT_OBSERVED}
    verdicts = [each.verdict for each in found]
    numbers = {words: sum(each.startswith(start) for each in verdicts) for words, start in kinds.items()}
    parts = [f"{number} {words}" for words, number in numbers.items() if number]
    return f"Of the argument's {len(verdicts)} sentences, {listed(parts)}."
