"""How the code hangs together: import rules (in pyproject.toml, by import-linter), sizes of files, siblings."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

from tools.lab import ROOT, needs
from tools.thorough import DAYS, is_left_out

PACKAGES = ("servers", "clients", "loadtests", "results", "notebooks/lessons")
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removeprefix("notebooks."): path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
}
PURE = (
    "servers.events", "servers.feed", "clients.cursor", "clients.ledger", "clients.connection.response", "results",
    "loadtests.experiments", "loadtests.link.commands", "loadtests.link.delayline", "loadtests.runs.tally",
    "loadtests.runs.row", "loadtests.runs.validity", "loadtests.runs.floor", "loadtests.runs.interval",
)  # fmt: skip
SIBLINGS = ("polling", "long_polling", "websocket")


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_the_import_rules_are_kept():
    lint = "from importlinter.cli import lint_imports; import sys; sys.exit(lint_imports(no_cache=True))"
    path = str(ROOT / "notebooks")
    done = subprocess.run([sys.executable, "-c", f"import sys; sys.path.insert(0, {path!r}); {lint}"], cwd=ROOT,
                          capture_output=True, text=True, timeout=100)  # fmt: skip
    assert done.returncode == 0 and "0 broken" in done.stdout, done.stdout


def test_what_is_pure_opens_no_connection_and_starts_no_process_with_the_standard_library():
    """What import-linter cannot say: parts of the packages http, urllib and os."""
    forbidden = {"http.client", "http.server", "urllib.request", "os.system", "os.popen", "os.fork", "os.execv",
                 "__import__", "importlib.import_module"}  # fmt: skip
    for module, path in MODULES.items():
        if any(module == pure or module.startswith(f"{pure}.") for pure in PURE):
            nodes = list(ast.walk(tree_of(path)))
            used = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
            used |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
            used |= {ast.unparse(node.func) for node in nodes if isinstance(node, ast.Call)}
            assert used.isdisjoint(forbidden), module


def test_imports_are_absolute():
    nodes = [(module, node) for module, path in MODULES.items() for node in ast.walk(tree_of(path))]
    assert [module for module, node in nodes if isinstance(node, ast.ImportFrom) and node.level] == []


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


def test_what_stands_alone_is_where_it_is_looked_for():
    """`make test` collects only this folder for it."""
    tests = (path for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__))
    assert {path.parent.name for path in tests if "mark.alone" in path.read_text(encoding="utf-8")} == {"loadtests"}


def test_in_four_days_ci_runs_every_combination_and_make_test_never_leaves_a_test_out_altogether(monkeypatch):
    monkeypatch.delenv("THOROUGH", raising=False)
    monkeypatch.setenv("CI", "true")
    names = [f"tests/loadtests/test_outage.py::test_every_client_comes_back[{name}]"
             for name in ("polling-reset", "polling-cut", "long-polling-reset", "websocket-cut")]  # fmt: skip
    assert all(sum(not is_left_out(name, day) for day in range(DAYS)) == 1 for name in names)
    monkeypatch.delenv("CI")
    assert all(is_left_out(name, 0) for name in names)
    assert not is_left_out("tests/loadtests/test_outage.py::test_every_client_comes_back[polling-restart]", 0)
    monkeypatch.setenv("THOROUGH", "1")
    assert not any(is_left_out(name, 0) for name in names)
