"""The feed, and three ways to push it: polling, long polling, WebSocket."""

import sys
from importlib.util import find_spec

if sys.argv[0] == "-m" and not (find_spec("flask") and find_spec("gevent")):  # run as a program
    where = "first `. .venv/bin/activate` (Windows: .venv\\Scripts\\activate); `make lab` makes and updates it"
    sys.exit(f"servers: the lab's packages are not in {sys.executable}: {where}")
