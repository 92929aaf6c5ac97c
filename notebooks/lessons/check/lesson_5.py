"""Lesson 5, under load."""

from __future__ import annotations

from typing import Any

from lessons.check.mark import OPEN, RIGHT, UNANSWERED, WRONG, Check, near, unanswered
from lessons.live.recordings import NothingStarted
from lessons.live.servers import start_servers
from lessons.load import LocustFailed, loaded, price

LATE_MS = 100


def cores(answer: Any, clients: int, every: float) -> Check:
    """Polls a second times the price of one."""
    right = clients / every * price("polling", clients / every) / 1e6
    hints = {right * 1e6: "In microseconds of each second, right. In cores?"}
    return near(answer, right, f"{right:.2f} cores to ask, whether there is news or not.", hints,
                "How many polls come in a second, and what does each take of it?")  # fmt: skip


def cores_by_websocket(answer: Any, clients: int, rate: float) -> Check:
    """Deliveries a second times the price of one."""
    right = clients * rate * price("websocket", clients * rate) / 1e6
    praise = f"{right:.2f} cores; and without news, next to nothing."
    return near(answer, right, praise, {right * 1e6: "In cores?"}, "How many deliveries are there in a second?")


def one_after_another(last_ms: Any, mean_ms: Any, clients: int, each_us: float) -> Check:
    """n·s, and half of it."""
    last = near(last_ms, clients * each_us / 1000, "", {clients * each_us: "In milliseconds."},
                "It waits for all the sends before its own.", 0.03)  # fmt: skip
    if last.mark != RIGHT:
        return last
    return near(mean_ms, clients * each_us / 2000, "Half of that: the mean over a broadcast grows with the clients.",
                {clients * each_us / 1000: "That is the last one's."},
                "The first waits for none, the last for all.", 0.03)  # fmt: skip


def bracket(still_fine: Any, too_many: Any) -> Check:
    """Two loads, run: the first is fast enough, the second is not."""
    if unanswered([still_fine, too_many]):
        return UNANSWERED
    if not all(isinstance(each, int) and not isinstance(each, bool) for each in (still_fine, too_many)):
        return Check(WRONG, "Two whole numbers of clients are asked for.")
    if (still_fine, too_many) == (0, 0):
        return Check(RIGHT, "Left out. Come back to it on a machine of your own.")
    if not 0 < still_fine < too_many <= 2 * still_fine <= 4_000:
        return Check(WRONG, "Two whole numbers, the second larger, and at most twice the first; 2,000 is enough.")
    with start_servers(rate=20, source="clock", size=142) as servers:
        try:
            longest = [loaded(servers.websocket, "WebSocketUser", users, 4)["longest, ms"]
                       for users in (still_fine, too_many)]  # fmt: skip
        except (NothingStarted, LocustFailed) as error:
            return Check(OPEN, str(error))
    words = f"Longest: {longest[0]:.0f} ms with {still_fine}, {longest[1]:.0f} ms with {too_many}."
    if longest[0] <= LATE_MS < longest[1]:
        return Check(RIGHT, f"{words} The knee of this machine lies between them.")
    return Check(WRONG, f"{words} " + ("Both are fine: more." if longest[1] <= LATE_MS else "Both are late: fewer."))
