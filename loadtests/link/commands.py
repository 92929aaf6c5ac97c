"""The delay line's commands, a line each: `cut SECONDS`, `reset SECONDS`, `halve`, `stop`; or as JSON, `{"cut": 5}`.
No I/O.
"""

import json
import math

LASTING, SHORT = ("cut", "reset"), ("halve", "stop")


def parse(line: str) -> tuple[str, float]:
    """The word and the seconds of a command, typed or sent by a program as JSON; ValueError if it is neither."""
    words = said(json.loads(line)) if line.startswith("{") else line.split()
    if len(words) == 1 and words[0] in SHORT:
        return words[0], 0.0
    if len(words) != 2 or words[0] not in LASTING or not 0 <= float(words[1]) < math.inf:
        raise ValueError(line)
    return words[0], float(words[1])


def said(command: dict[str, object]) -> list[str]:
    """The words of a command in JSON; `{"stop": true}` has one."""
    return [str(word) for pair in command.items() for word in pair if word is not True]
