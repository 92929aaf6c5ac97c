"""A delay, headers and connection modes with which the model is tested."""

from results.model import Heads

TAU = 0.1
HEADS = Heads(request=500, empty_response=90, response=150)
MODES = {"kept": 2, "new": 4, "new-tls": 6}
