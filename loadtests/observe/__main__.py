"""`python -m loadtests.observe`: look at everything, and say what was seen in lines of JSON.

A line for each part: {"seen": [rows of observations.csv], "left": parts that are still to come, "missing": ""}. Where
nginx or a browser is missing, a line says why instead of what it would have shown. Ends with its standard input.
"""

import json
import sys
import threading
from _thread import interrupt_main

from loadtests.observe.everything import parts


def end_with_input() -> None:
    """Interrupt the observations when the parent process has ended."""
    sys.stdin.read()
    interrupt_main()


def main() -> int:
    threading.Thread(target=end_with_input, daemon=True).start()
    try:
        for seen, left, missing in parts():
            print(json.dumps({"seen": [each.row() for each in seen], "left": left, "missing": missing}), flush=True)
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
