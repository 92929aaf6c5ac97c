"""Experiments: which load, over which network, and how a run is measured."""

import sys
from importlib.util import find_spec

if sys.argv[0] == "-m" and not (find_spec("locust") and find_spec("filelock")):  # run as a program
    where = "first `. .venv/bin/activate` (Windows: .venv\\Scripts\\activate); `make lab` makes and updates it"
    sys.exit(f"loadtests: the lab's packages are not in {sys.executable}: {where}")
