"""The three ways of following the feed, and the ledger that books every byte of it."""

import sys
from importlib.util import find_spec

if sys.argv[0] == "-m" and not (find_spec("h11") and find_spec("websockets")):  # run as a program
    where = "first `. .venv/bin/activate` (Windows: .venv\\Scripts\\activate); `make lab` makes and updates it"
    sys.exit(f"clients: the lab's packages are not in {sys.executable}: {where}")
