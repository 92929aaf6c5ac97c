"""From the tables of a run to charts, verdicts and a report; opens no socket, starts no process."""

import sys
from importlib.util import find_spec

if sys.argv[0] == "-m" and not (find_spec("pandas") and find_spec("rich")):  # run as a program
    where = "first `. .venv/bin/activate` (Windows: .venv\\Scripts\\activate); `make lab` makes and updates it"
    sys.exit(f"results: the lab's packages are not in {sys.executable}: {where}")
