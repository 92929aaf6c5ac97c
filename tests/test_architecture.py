"""Who may import whom: the table, checked in every module."""

import ast
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from tools.lab import ROOT, needs

PACKAGES = ("servers", "clients", "loadtests", "results", "notebooks/lessons")
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removeprefix("notebooks."): path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
}
TRANSPORT = ["servers.app", "servers.feed", "servers.query", "flask"]
FOLLOW = ["clients.cursor", "clients.delivery", "clients.ledger", "clients.resuming"]

# What a module, or a room and every module in it, may import beside the standard library: the row with the longest
# name counts. A name stands for all that is below it.
MAY_IMPORT = {
    "servers": [],
    "servers.feed": [],
    "servers.events": [],
    "servers.sources": ["servers.feed"],
    "servers.publisher": ["servers.feed", "servers.sources", "gevent", "hdrh"],
    "servers.query": ["werkzeug"],
    "servers.description": ["servers.query"],
    "servers.access": ["werkzeug"],
    "servers.limits": ["gevent", "werkzeug"],
    "servers.scheduling": ["gevent"],
    "servers.app": ["servers.description", "servers.feed", "servers.access", "servers.limits", "servers.publisher",
                    "servers.query", "servers.scheduling", "flask", "werkzeug", "psutil"],
    "servers.polling": TRANSPORT,
    "servers.long_polling": TRANSPORT,
    "servers.websocket": [*TRANSPORT, "servers.sockets"],
    "servers.sockets": [],
    "servers.sockets.handshake": ["servers.sockets.offers", "h11", "werkzeug", "wsproto"],
    "servers.sockets.offers": ["websockets", "werkzeug"],
    "servers.sockets.frame_socket": ["gevent"],
    "servers.sockets.websocket": ["servers.app.App", "servers.sockets.handshake", "servers.sockets.frame_socket",
                                  "servers.scheduling", "flask", "gevent", "simple_websocket", "werkzeug", "wsproto"],
    "servers.sockets.broadcast": ["servers.app.Counts", "servers.feed", "servers.query",
                                  "servers.sockets.websocket", "servers.scheduling", "gevent", "wsproto"],
    "servers.sockets.route": ["servers.app", "servers.feed", "servers.sockets.handshake", "servers.sockets.websocket",
                              "flask_sock"],
    "servers.serving": ["servers.serving", "servers.publisher", "servers.feed", "gevent", "greenlet"],
    "servers.serving.memory_trim": ["servers.serving.limits", "gevent", "psutil"],
    "servers.serving.requests": ["httptools", "werkzeug"],
    "servers.serving.request_reader": ["servers.limits.memory_budget", "servers.serving.requests", "servers.scheduling",
                                 "gevent", "werkzeug"],
    "servers.serving.handler": ["servers.app", "servers.serving.request_reader", "servers.serving.requests",
                                "servers.sockets.frame_socket", "gevent", "werkzeug"],
    "servers.serving.certificate": ["trustme"],
    "servers.serving.limits": ["psutil"],
    "servers.serving.server": ["servers.polling", "servers.long_polling", "servers.websocket", "servers.app",
                               "servers.feed", "servers.limits", "servers.publisher",
                               "servers.serving.handler", "servers.serving.request_reader", "servers.serving.limits",
                               "servers.sockets.frame_socket", "gevent"],
    "servers.__main__": ["servers.serving", "servers.sources", "servers.publisher", "servers.feed",
                         "servers.access.is_loopback", "servers.limits", "gevent"],
    "clients": [],
    "clients.errors": [],
    "clients.address": ["clients.errors"],
    "clients.cursor": ["clients.delivery", "clients.errors"],
    "clients.resuming": ["clients.cursor", "clients.delivery", "clients.errors"],
    "clients.ledger": ["clients.ledger"],
    "clients.connection": [],
    "clients.connection.counting": ["clients.connection.tcp_info", "clients.ledger"],
    "clients.connection.tls": ["clients.connection.counting", "clients.address", "clients.errors", "clients.ledger"],
    "clients.connection.answer": ["clients.errors"],
    "clients.connection.http": ["clients.connection.answer", "clients.connection.tls", "clients.address",
                                "clients.cursor", "clients.delivery", "clients.errors", "clients.ledger", "h11"],
    "clients.connection.websocket": ["clients.connection.answer", "clients.connection.tls", "clients.address",
                                     "clients.errors", "clients.ledger", "websockets"],
    "clients.polling": [*FOLLOW, "clients.connection.http"],
    "clients.long_polling": [*FOLLOW, "clients.connection.http"],
    "clients.websocket": [*FOLLOW, "clients.connection.http", "clients.connection.websocket"],
    "clients.__main__": ["clients"],
    "loadtests": [],
    "loadtests.arguments": ["loadtests.headers.profiles"],
    "loadtests.__main__": ["results.arguments", "results.output", "loadtests.arguments", "loadtests.experiments",
                           "loadtests.headers.profiles",
                           "loadtests.link.calibration", "loadtests.runs", "results.advice", "results.folders",
                           "results.claims", "results.select.NotMeasured", "results.table", "results.terminal",
                           "servers.sources",
                           "rich"],
    "loadtests.experiments": ["loadtests.experiments", "results.transports"],
    "loadtests.headers": [],
    "loadtests.headers.profiles": ["results.audit.printed", "results.transports"],
    "loadtests.headers.record": ["loadtests.observe.browser", "loadtests.observe.scripted"],
    "loadtests.observe": ["loadtests.observe", "loadtests.headers.profiles", "loadtests.runs.conduct",
                          "loadtests.runs.ports", "loadtests.runs.processes", "servers.serving.certificate", "h11",
                          "playwright", "psutil", "simple_websocket", "websockets"],
    "loadtests.link": ["loadtests.link"],
    "loadtests.link.__main__": ["loadtests.arguments", "loadtests.link", "servers.serving.limits"],
    "loadtests.link.commands": [],
    "loadtests.link.delayline": [],
    "loadtests.link.pings": [],
    "loadtests.link.calibration": ["loadtests.runs", "results.table.write_text", "hdrh", "rich"],
    "loadtests.runs.machine": ["results.folders", "psutil"],
    "loadtests.runs.partial": ["filelock"],
    "loadtests.runs.limits": ["loadtests.experiments", "loadtests.runs.conduct", "results.words",
                              "servers.feed.HISTORY", "servers.serving.limits", "psutil"],
    "loadtests.runs.cpu": ["psutil"],
    "loadtests.runs.interval": ["loadtests.runs.tally", "results.samples", "numpy", "scipy"],
    "loadtests.runs.floor": ["loadtests.experiments", "loadtests.runs", "results.model", "results.replay", "numpy"],
    "loadtests.runs.conduct": ["loadtests.experiments", "loadtests.headers.profiles", "loadtests.runs",
                               "results.transports", "psutil"],
    "loadtests.runs": ["loadtests.experiments", "loadtests.runs", "clients.ledger", "results", "hdrh", "rich"],
    "loadtests.users": ["loadtests.arguments", "loadtests.headers", "loadtests.runs.ports", "loadtests.runs.tally",
                        "loadtests.runs.validity", "loadtests.users",
                        "clients", "locust", "geventhttpclient", "gevent", "psutil"],
    "loadtests.locustfile": ["clients.errors", "loadtests.users", "locust", "gevent"],
    "loadtests.soak": [],
    "loadtests.soak.witness": ["clients"],
    "loadtests.soak.attacks": ["loadtests.link.pump", "servers.serving.limits"],
    "loadtests.soak.outcome": [],
    "loadtests.soak.beside": ["loadtests.runs.processes", "loadtests.soak.attacks", "loadtests.soak.witness",
                              "results.transports", "psutil"],
    "loadtests.soak.faults": ["loadtests.runs.processes", "loadtests.soak.outcome", "loadtests.soak.witness",
                              "results.transports"],
    "loadtests.soak.steady": ["loadtests.experiments.run", "loadtests.runs", "loadtests.soak.outcome",
                              "results.transports", "psutil"],
    "loadtests.soak.__main__": ["loadtests.arguments", "loadtests.runs", "loadtests.soak", "results.report.soak",
                                "results.table.write_text", "servers.serving.limits", "rich",
        "results.arguments"],
    "loadtests.benchmark": [],
    "loadtests.benchmark.bench": ["loadtests.runs", "results.stack", "psutil"],
    "loadtests.benchmark.rounds": ["results.stack", "rich"],
    "loadtests.benchmark.generators": ["loadtests.benchmark.bench", "loadtests.runs", "results.stack", "psutil"],
    "loadtests.benchmark.slow_reader": ["loadtests.benchmark", "clients", "results.stack", "rich"],
    "loadtests.benchmark.__main__": ["loadtests.benchmark", "loadtests.runs", "results.stack", "results.table",
                                     "servers.serving.limits", "rich",
        "results.arguments"],
    "loadtests.benchmark.peers": [],
    "loadtests.benchmark.peers.feed": ["servers.feed", "servers.sources"],
    "loadtests.benchmark.peers.gevent_server": ["loadtests.benchmark.peers.feed", "servers.feed", "servers.publisher",
        "servers.serving", "gevent"],
    "loadtests.benchmark.peers.wsgi_server": ["loadtests.benchmark.peers.gevent_server"],
    "loadtests.benchmark.peers.flask_server": ["loadtests.benchmark.peers.gevent_server", "flask"],
    "loadtests.benchmark.peers.gunicorn_server": ["loadtests.benchmark.peers.feed", "servers.feed", "servers.publisher",
        "servers.serving", "gevent", "gunicorn"],
    "loadtests.benchmark.peers.starlette_server": ["loadtests.benchmark.peers.feed", "starlette", "uvicorn"],
    "loadtests.benchmark.peers.websockets_server": ["loadtests.benchmark.peers.feed", "websockets"],
    "loadtests.benchmark.peers.websocket_client_user": ["locust", "websocket"],
    "loadtests.benchmark.peers.sink": ["clients", "results.histogram", "results.model", "gevent"],
    "results": [],
    "results.transports": [],
    "results.histogram": ["hdrh"],
    "results.stack": ["results.words"],
    "results.folders": [],
    "results.model": ["numpy", "scipy"],
    "results.replay": ["results.model", "numpy"],
    "results.spreadsheet": ["pandas"],
    "results.table": ["results.spreadsheet", "results.transports", "pandas"],
    "results.crossings": ["results.model", "results.select", "results.transports", "results.words", "numpy", "pandas"],
    "results.latencies": ["results.histogram", "results.table", "hdrh"],
    "results.samples": [],
    "results.arguments": [],
    "results.output": [],
    "results.check": ["results.samples", "results.table", "pandas"],
    "results.words": ["pandas"],
    "results.select": ["results.table", "results.transports", "pandas"],
    "results.summary": ["results.select", "results.table", "results.transports", "results.words", "pandas"],
    "results.costs": ["results.select", "results.table", "results.transports", "results.words", "numpy", "pandas",
                      "scipy"],
    "results.terminal": ["results.claims.Verdict", "results.summary", "pandas", "rich"],
    "results.split": ["results.transports", "pandas"],
    "results.advice": ["results.advice", "results.costs", "results.crossings", "results.model", "results.select",
                       "results.table", "results.transports", "numpy", "pandas"],
    "results.advice.words": ["results.advice", "results.costs", "results.model", "results.table", "results.transports",
                             "results.words", "pandas", "rich"],
    "results.figures.decision": ["results.advice", "results.figures.frame", "results.select.NotMeasured",
                                 "results.transports", "results.words", "numpy", "pandas", "matplotlib"],
    "results.figures.over_round_trip": ["results.figures.frame", "results.model", "results.select", "results.table",
                                        "results.transports", "results.words", "numpy", "pandas", "matplotlib"],
    "results.figures.latency_split": ["results.figures.frame", "results.select", "results.split", "results.table",
                                      "results.transports", "results.words", "pandas"],
    "results.figures.quantum_leap": ["results.audit", "results.figures.frame", "results.select", "results.table",
                                     "results.transports", "results.words", "pandas", "matplotlib"],
    "results.figures.heads_compressed": ["results.audit.hpack_heads", "results.figures.frame", "results.select",
                                         "results.words", "pandas", "matplotlib"],
    "results.figures.server_sent_events": ["results.audit.hours", "results.figures.frame", "results.crossings",
                                           "results.select", "results.table", "results.transports", "results.words",
                                           "numpy", "pandas"],
    "results.figures.over_rate": ["results.figures.frame", "results.crossings", "results.model", "results.select",
                                  "results.table", "results.transports", "results.words", "numpy", "pandas"],
    "results.figures.message_over_rate": ["results.figures.frame", "results.costs", "results.crossings",
                                          "results.model", "results.select", "results.table", "results.transports",
                                          "results.words", "numpy", "pandas", "matplotlib"],
    "results.figures.over_clients": ["results.advice.known", "results.figures.frame", "results.costs",
                                     "results.model", "results.select", "results.stack", "results.table",
                                     "results.transports", "results.words", "pandas", "matplotlib"],
    "results.figures": ["results.figures", "results.latencies", "results.samples", "results.select",
                        "results.table", "results.transports", "results.words", "numpy", "pandas", "matplotlib",
                        "hdrh"],
    "results.claims": ["results.claims", "results.crossings", "results.model", "results.select", "results.split",
                       "results.table", "results.transports", "results.words", "pandas"],
    "results.audit": ["results.audit", "results.model", "results.table", "pandas", "hpack"],
    "results.audit.hours": ["results.model", "servers.events"],
    "results.report.readme": ["results.costs", "results.report.soak", "results.stack", "results.summary",
                              "results.table", "results.transports", "results.words", "pandas"],
    "results.report.soak": ["results.transports", "results.words"],
    "results.report.answer": ["results.audit", "results.claims", "results.crossings", "results.select",
                              "results.table", "results.transports", "results.words", "pandas"],
    "results.report.classic": ["results.audit", "results.crossings", "results.figures.heads_compressed",
                               "results.select", "results.table", "results.transports", "results.words", "pandas"],
    "results.report.story": [],
    "results.report": ["results.report", "results.check", "results.claims", "results.figures", "results.stack",
                       "results.summary", "results.table", "results.words", "pandas", "jinja2"],
    "results.__main__": ["results", "rich"],
    "lessons": ["lessons", "pandas"],
    "lessons.__main__": ["lessons.editions.build", "lessons.editions.site", "rich",
        "nbformat"],
    "lessons.bits": ["lessons.shown.explore", "results.figures.frame", "results.model", "matplotlib", "pandas",
                     "websockets"],
    "lessons.choosing": ["lessons.shown.explore", "lessons.shown.recorded", "results.advice", "results.advice.known",
                         "results.advice.offers", "results.claims", "results.figures.frame", "results.table",
                         "results.transports", "results.words", "IPython", "pandas"],
    "lessons.costs": ["loadtests.headers.profiles", "loadtests.observe.raw", "results.select", "results.transports",
                      "pandas"],
    "lessons.late": ["lessons.shown.explore", "lessons.shown.pictures", "lessons.shown.recorded",
                     "results.claims.latency", "results.figures.frame", "results.latencies", "results.model",
                     "results.select", "results.transports", "results.words", "matplotlib", "numpy", "pandas"],
    "lessons.load": ["lessons.live.kept", "lessons.shown.recorded", "results.costs", "results.folders",
                     "results.table", "results.transports", "numpy", "pandas",
        "clients.address",
        "lessons.live.servers"],
    "lessons.observing": ["lessons.live.kept", "lessons.shown.recorded", "loadtests.observe.frames",
                          "loadtests.observe.handshakes", "loadtests.observe.heads", "loadtests.observe.observation",
                          "loadtests.observe.servers", "loadtests.observe.sockets", "loadtests.runs.processes",
                          "pandas"],
    "lessons.telling": ["pandas", "websockets"],
    "lessons.traps": ["numpy", "pandas"],
    "lessons.weighing": ["lessons.shown.explore", "results.crossings", "results.figures.frame", "results.model",
                         "results.transports", "results.words", "numpy", "pandas"],
    "lessons.check": ["lessons", "results", "pandas", "websockets"],
    "lessons.editions.build": ["lessons.live.kept", "results.folders", "jupytext", "nbclient", "nbformat",
        "jupyter_client",
        "lessons.live.progress"],
    "lessons.editions.site": ["lessons.editions.build", "jinja2", "mistune", "nbconvert", "nbformat", "pygments"],
    "lessons.live.kept": ["results.folders", "results.table"],
    "lessons.live.measure": ["lessons.live.kept", "loadtests.experiments", "loadtests.experiments.run",
                             "loadtests.runs.conduct", "loadtests.runs.processes", "loadtests.runs.row",
                             "results.folders", "results.select", "results.table", "results.transports", "pandas",
        "lessons.live.progress"],
    "lessons.live.servers": ["lessons.live.kept", "loadtests.runs.processes"],
    "lessons.live.watch": ["clients.delivery", "clients.ledger", "clients.ledger.book", "clients.long_polling",
                           "clients.polling", "clients.websocket", "lessons.live.kept", "lessons.live.servers",
                           "results.transports",
        "lessons.live.progress"],
    "lessons.live.wire": ["lessons.live.kept", "lessons.live.servers", "websockets"],
    "lessons.live.progress": ["rich"],
    "lessons.notebook": ["IPython", "pandas"],
    "lessons.shown.exchange": ["results.figures.frame"],
    "lessons.shown.explore": ["lessons.shown.pictures", "results.figures.frame", "ipywidgets"],
    "lessons.shown.history": ["lessons.shown.pictures", "results.figures.frame", "results.transports"],
    "lessons.shown.listings": ["results.folders"],
    "lessons.shown.pictures": ["results.figures", "results.figures.frame", "results.folders", "results.select",
                               "results.table"],
    "lessons.shown.recorded": ["results.claims", "results.folders", "results.report.classic", "results.table",
                               "pandas"],
    "lessons.shown.sequence": ["lessons.live.watch", "lessons.shown.pictures", "results.figures.frame",
                               "results.transports", "results.words", "matplotlib"],
}

# What may neither open a socket nor start a process, not even with the standard library.
PURE = ["servers.events", "servers.feed", "clients.cursor", "clients.ledger", "clients.connection.answer", "results",
        "loadtests.experiments",
        "loadtests.link.commands", "loadtests.link.delayline", "loadtests.runs.tally", "loadtests.runs.row",
        "loadtests.runs.validity", "loadtests.runs.floor", "loadtests.runs.interval"]
OUTSIDE = {"socket", "ssl", "select", "selectors", "asyncio", "http.client", "http.server", "urllib.request",
           "subprocess", "multiprocessing", "requests", "httpx", "aiohttp", "websocket", "websockets", "gevent", "h11",
           "locust", "socketserver"}
SIBLINGS = ("polling", "long_polling", "websocket")


def plain(module: str) -> str:
    """The name a module is imported by: a package's own file has the package's."""
    return module.removesuffix(".__init__")


NAMES = {plain(module) for module in MODULES}


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path: Path) -> frozenset[str]:
    """Every name that a module imports, anywhere in it: `from a import b` is a.b."""
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def below(name: str, allowed: list[str] | set[str] | frozenset[str]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in allowed)


def foreign(path: Path) -> set[str]:
    """The imports of a module that are not the standard library's."""
    return {name for name in imports(path) if name.partition(".")[0] not in sys.stdlib_module_names}


def row_of(module: str) -> str:
    """The row of the table that counts for a module."""
    return max((row for row in MAY_IMPORT if below(plain(module), [row])), key=len)


def importers(names: list[str], but: list[str]) -> set[str]:
    """The modules that import one of these names, except those below `but`."""
    return {
        module
        for module, path in MODULES.items()
        if not below(module, but) and any(below(name, names) for name in imports(path))
    }


def test_each_module_imports_only_what_its_row_allows():
    wrong = {
        module: refused
        for module, path in MODULES.items()
        if (refused := {name for name in foreign(path) if not below(name, MAY_IMPORT[row_of(module)])})
    }
    assert wrong == {}


def test_each_row_is_a_module_and_each_permission_is_used():
    used = {row: set[str]() for row in MAY_IMPORT}
    for module, path in MODULES.items():
        used[row_of(module)] |= foreign(path)
    assert set(MAY_IMPORT) | set(PURE) <= NAMES
    unused = {(row, name) for row, names in MAY_IMPORT.items() for name in names
              if not any(below(each, [name]) for each in used[row])}  # fmt: skip
    assert unused == set()


def test_no_imports_form_a_cycle():
    """The table may allow both directions within a package; the code must not use both."""
    graph = {name: neighbours(name) - {name} for name in NAMES}
    assert list(TopologicalSorter(graph).static_order())  # CycleError names the modules of a cycle
    assert not {name for name in NAMES if name in neighbours(name)}


@cache
def neighbours(name: str) -> set[str]:
    """The lab's own modules that one imports."""
    path = MODULES.get(name) or MODULES[f"{name}.__init__"]
    found = {max((n for n in NAMES if below(used, [n])), key=len, default="") for used in imports(path)}
    return found - {""}


def test_servers_and_clients_share_only_the_wire():
    assert not {module for module in importers(["clients"], but=[]) if below(module, ["servers"])}
    assert not {module for module in importers(["servers"], but=[]) if below(module, ["clients"])}


@pytest.mark.parametrize("module", [f"{package}.{name}" for package in ("servers", "clients") for name in SIBLINGS])
def test_no_transport_imports_another(module):
    package = module.partition(".")[0]
    others = [f"{package}.{name}" for name in SIBLINGS if f"{package}.{name}" != module]
    assert not any(below(name, others) for name in imports(MODULES[module]))


def test_the_feed_knows_neither_flask_nor_the_network():
    names = {name.partition(".")[0] for name in imports(MODULES["servers.feed"])}
    assert names.isdisjoint({"flask", "werkzeug", "gevent", "flask_sock", "socket", "http", "wsproto"})


def test_only_the_users_and_a_peer_import_locust():
    assert not importers(["locust"], but=["loadtests.locustfile", "loadtests.users", "loadtests.benchmark.peers"])


def test_what_is_pure_opens_no_socket_and_starts_no_process():
    pure = {module: path for module, path in MODULES.items() if below(module, PURE)}
    assert {module for module, path in pure.items() if any(below(name, OUTSIDE) for name in imports(path))} == set()
    starts = {"os.system", "os.popen", "os.fork", "os.execv", "__import__", "importlib.import_module"}
    for module, path in pure.items():
        calls = {ast.unparse(node.func) for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)}
        assert calls.isdisjoint(starts), module


def test_a_usage_line_waits_for_no_charts(tmp_path):
    for command in ("servers", "clients", "loadtests", "loadtests.link"):
        script = f"import runpy, sys\nsys.argv = ['x', '--help']\nrunpy.run_module('{command}', run_name='__main__')"
        loaded = f"import atexit, sys\natexit.register(lambda: print(*sys.modules, file=sys.stderr))\n{script}"
        done = subprocess.run([sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and done.stdout.startswith("usage"), done.stderr
        assert {"pandas", "matplotlib", "locust"}.isdisjoint(done.stderr.split()), command


def test_nothing_imports_the_notebooks_or_the_tests():
    assert not importers(["notebooks", "tests", "conftest"], but=[])
    assert not importers(["lessons"], but=["lessons"])


def test_no_code_is_hidden_from_git():
    """A folder that the ignore file hides is on this machine only, and its tests pass here only."""
    paths = [str(path.relative_to(ROOT)) for path in MODULES.values()]
    paths += [f"{package}/a_room/a_module.py" for package in PACKAGES]
    hidden = subprocess.run([needs("git"), "check-ignore", *paths], cwd=ROOT, capture_output=True, text=True)
    assert hidden.stdout.split() == []


def length(module: str) -> int:
    return len(MODULES[module].read_text(encoding="utf-8").splitlines())


def test_a_transport_is_20_to_35_lines_and_no_file_longer_than_300():
    assert {name for name in SIBLINGS if not 20 <= length(f"servers.{name}") <= 35} == set()
    assert {module for module in MODULES if length(module) > 300} == set()


def test_the_http_siblings_differ_in_a_handful_of_lines():
    one, other = (MODULES[f"servers.{name}"].read_text(encoding="utf-8").splitlines() for name in SIBLINGS[:2])
    assert len(one) == len(other)
    assert sum(line != sibling for line, sibling in zip(one, other, strict=True)) <= 4


def test_the_checks_see_what_they_look_for(tmp_path):
    module = tmp_path / "module.py"
    module.write_text("import os, servers.feed\ndef f():\n    from clients.ledger import Ledger as L\n")
    assert foreign(module) == {"servers.feed", "clients.ledger.Ledger"}
    assert below("clients.ledger.Ledger", ["clients"]) and not below("clientship", ["clients"])
