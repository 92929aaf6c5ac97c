"""gevent's private names that the servers use are still there, and the list of them is whole."""

import inspect
import re

from gevent.baseserver import BaseServer
from gevent.pywsgi import WSGIHandler
from tools.lab import ROOT

from servers.serving.gevent_private import USED
from servers.serving.handler import LabHandler
from servers.serving.server import LabServer


def test_what_is_used_is_there():
    for owner, names in USED.items():
        source = "".join(inspect.getsource(each) for each in owner.__mro__ if each.__module__.startswith("gevent"))
        assert [name for name in names if not re.search(rf"\b{name}\b", source)] == [], owner


def test_the_list_is_complete():
    """The handler is the lab's own; the server overrides no private name, and what is read of gevent's is listed."""
    listed = {name for names in USED.values() for name in names}
    assert not issubclass(LabHandler, WSGIHandler)
    private = {name for name in vars(LabServer) if re.fullmatch(r"_[a-z]\w*", name)}
    assert not private & set(dir(BaseServer)) - listed
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "servers").rglob("*.py"))
    used = {name for name in ("_sock", "_sslobj", "_timer", "_start_accepting_if_started") if f".{name}" in text}
    assert used <= listed
