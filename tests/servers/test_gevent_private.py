"""gevent's private names that the servers override or use are still what they were."""

import hashlib
import inspect
import re

from gevent.pywsgi import WSGIHandler
from tools.lab import ROOT

from servers.serving.gevent_private import OVERRIDDEN, USED
from servers.serving.handler import LabHandler
from servers.serving.request_reader import RequestReader

DIGESTS = {
    "WSGIHandler._write_with_headers": "5ccb48bf841c",
    "WSGIHandler._sendall": "fa0861487226",
    "Input._discard": "bea0da8a7078",
}
"""Of the source of what is overridden: look at the change before you update one."""


def test_what_is_overridden_is_what_it_was():
    sources = {f"{owner.__name__}.{name}": inspect.getsource(getattr(owner, name))
               for owner, names in OVERRIDDEN.items() for name in names}  # fmt: skip
    found = {name: hashlib.sha256(source.encode()).hexdigest()[:12] for name, source in sources.items()}
    assert found == DIGESTS


def test_what_is_used_is_there():
    for owner, names in USED.items():
        source = "".join(inspect.getsource(each) for each in owner.__mro__ if each.__module__.startswith("gevent"))
        assert [name for name in names if not re.search(rf"\b{name}\b", source)] == [], owner


def test_the_list_is_complete():
    """Every private name that the servers' classes take over from gevent, or read of its objects."""
    listed = {name for names in (OVERRIDDEN | USED).values() for name in names}
    assert issubclass(LabHandler, WSGIHandler) and hasattr(RequestReader, "_discard")
    own = {"_prepare", "_prepare_refusal", "_environ_of", "_held"}
    inherited = {name for name in vars(LabHandler) if re.fullmatch(r"_[a-z]\w*", name)} - own
    assert inherited <= listed
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "servers").rglob("*.py"))
    used = {name for name in ("_sock", "_sslobj", "_timer", "_start_accepting_if_started") if f".{name}" in text}
    assert used <= listed
