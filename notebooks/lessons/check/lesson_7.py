"""Lesson 7, a real-time application."""

from __future__ import annotations

from typing import Any

from lessons.check.mark import RIGHT, UNANSWERED, WRONG, Check, graded
from lessons.live.browser import Browser, ScriptDidNotEnd
from lessons.live.recordings import NothingStarted

WANTED = ["hello", "1000"]
BEFORE_OPEN = "CONNECTING state"


def first_client(script: Any, browser: Browser) -> Check:
    """A script that opens, listens, sends and closes, by what it logs in the browser."""
    if script is None:
        return UNANSWERED
    if not isinstance(script, str):
        return Check(WRONG, "Your script is a text of JavaScript, in quotes.")
    try:
        logged = list(browser.run(script)["console.log"])
    except (NothingStarted, ScriptDidNotEnd) as error:
        return Check(WRONG, str(error))
    if logged == WANTED:
        return Check(RIGHT, "It opens, listens, sends and closes: that is the whole API.")
    if any(BEFORE_OPEN in line for line in logged):
        return Check(WRONG, "It sends before `open`: put `send` into that listener.")
    if failed := next((line for line in logged if line.startswith("Uncaught")), None):
        return Check(WRONG, f"The browser says: {failed}")
    if logged[:1] != WANTED[:1]:
        return Check(WRONG, f"Its first line should be hello, and it is {logged[0] if logged else 'missing'}.")
    if len(logged) < len(WANTED):
        return Check(WRONG, "The echo arrived. `close` did not fire: does a listener log its code?")
    return Check(WRONG, f"After hello comes the code of `close`, and here is {logged[1]}.")


def missed(without_seq: Any, with_seq: Any) -> Check:
    """10 and 0."""
    hints = {(10, 10): "The server still has them, and sends what comes after the seq.", (0, 0): "Who would send them?"}
    return graded((without_seq, with_seq), (10, 0), "One number makes the difference.", hints,
                  "4 a second, 2.5 seconds; and what does the server do with `after`?")  # fmt: skip


def codes(answer: Any) -> Check:
    """1001, 1006 and 1009."""
    hints = {(1000, 1006, 1009): "1000 says that both are done. A server that stops is “going away”."}
    return graded(answer, [1001, 1006, 1009], "1006 is never sent: the browser reports it.", hints,
                  "Lesson 4 has them all, below *Four events, two actions*.")  # fmt: skip


def backoff(attempt: Any, after_s: Any) -> Check:
    """The sixth, after 0.5 + 1 + 2 + 4 + 8 + 8 s."""
    hints = {(5, 15.5): "After 15.5 s the server is still away.", (6, 31.5): "The longest pause is 8 s."}
    return graded((attempt, after_s), (6, 23.5), "It comes back 3.5 s after the server did.", hints,
                  "Add the pauses until the sum is more than 20 s.")  # fmt: skip
