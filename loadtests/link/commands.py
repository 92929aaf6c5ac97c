"""The delay line's commands, a line each, as WORDS lists them; or as JSON, `{"cut": 5}`. No I/O."""

import json
import math

WITH_NUMBER, SHORT = ("cut", "reset", "delay", "rate"), ("halve", "clear", "stop")
WORDS = "cut SECONDS, reset SECONDS, delay MS, rate MBPS, halve, clear or stop"


def parse(line: str) -> tuple[str, float]:
    """The word and the number of a command, typed or sent by a program as JSON; ValueError if it is neither."""
    words = said(json.loads(line)) if line.startswith("{") else line.split()
    if len(words) == 1 and words[0] in SHORT:
        return words[0], 0.0
    if len(words) != 2 or words[0] not in WITH_NUMBER or not 0 <= float(words[1]) < math.inf:
        raise ValueError(line)
    return words[0], float(words[1])


def said(command: dict[str, object]) -> list[str]:
    """The words of a command in JSON; `{"stop": true}` has one."""
    return [str(word) for pair in command.items() for word in pair if word is not True]
