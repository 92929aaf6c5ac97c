"""README, docs and CONTRIBUTING: numbers are the reference run's, commands, links and folders are there."""

import json
import os
import re
import subprocess
import sys
from importlib.metadata import distribution

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from tools.lab import ROOT, needs

from loadtests.soak import impact
from results import table
from results.report import readme
from servers.app import posting, responses
from servers.feed import HISTORY, HISTORY_BYTES
from servers.limits import memory_budget, rate_limit
from servers.limits.connection_limit import PER_ADDRESS
from servers.serving import request_reader, requests, server
from servers.sockets import frame_socket

MIB = 2**20
PAGES = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
         for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))}  # fmt: skip
TEXT = PAGES["README.md"]
EVERYTHING = "\n".join(PAGES.values())


@pytest.mark.parametrize("name", readme.BLOCKS)
def test_its_numbers_are_those_of_the_committed_run(name):
    page, make = readme.BLOCKS[name]
    begin, end = readme.markers(name)
    between = PAGES[page].partition(begin)[2].partition(end)[0]
    assert between.strip() == make(table.read(ROOT / "results" / "reference"))


def test_the_readme_is_short():
    assert len(TEXT.splitlines()) <= 130


def test_nothing_went_wrong_in_the_soak_that_it_shows():
    assert json.loads((ROOT / "results" / "reference" / "soak.json").read_text(encoding="utf-8"))["wrong"] == []


def test_what_it_links_to_is_there():
    for page, text in PAGES.items():
        links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
        assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == [], page
    assert all(f"](docs/{page.removeprefix('docs/')})" in TEXT for page in PAGES if page.startswith("docs/"))


def test_every_command_it_names_is_one():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"^    make (\w+)", EVERYTHING, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for module in set(re.findall(r"python -m (\w+)", EVERYTHING)) - {"venv", "pip", "pytest", "http"}:
        assert any((place / module / "__main__.py").exists() for place in (ROOT, ROOT / "notebooks")), module
    for folder in re.findall(r"^\| `(\w+)/`", TEXT, re.MULTILINE):
        assert (ROOT / folder).is_dir(), folder


def test_its_bounds_are_those_of_the_code():
    told = PAGES["docs/limits.md"]
    bounds = [
        f"{requests.LARGEST_HEAD:,} B; {request_reader.HEAD_TIME:.0f} s", f"{posting.LARGEST_POST:,} B to publish",
        f"{posting.LARGEST_ECHO // MIB} MiB to echo; {request_reader.BODY_TIME:.0f} s",
        f"every {request_reader.SLOWEST:,} B",
        f"{responses.LARGEST_ANSWER // MIB} MiB of messages", f"{HISTORY:,} messages; {HISTORY_BYTES // MIB} MiB",
        f"{memory_budget.BUDGET // MIB} MiB of all clients", f"after {memory_budget.ACQUIRE_TIMEOUT:.0f} s 503",
        f"{rate_limit.POSTS_PER_SECOND:,.0f} messages a second, after a pause {rate_limit.BURST:,} at once",
        f"{server.STALL:.0f} s for {frame_socket.PIECE // 1024} KiB", f"{PER_ADDRESS} from another machine's address",
    ]  # fmt: skip
    assert [bound for bound in bounds if bound not in told] == []


def test_when_a_soak_has_held_is_what_the_code_says():
    told = " ".join(PAGES["docs/limits.md"].partition("## Attacks and faults")[2].split())
    assert (impact.TRIES, impact.TIMES, impact.BACK, impact.AFTER_S) == (3, 3, 1.1, 60), "in words"
    bounds = [f"{impact.STOLEN:g} % of CPU time", f"within {1000 * impact.LATE_S:.0f} ms",
              f"at most {impact.MOST_BYTES // MIB} MiB more"]  # fmt: skip
    assert [bound for bound in bounds if bound not in told] == []


def test_every_package_it_pins_has_its_reason_in_the_docs():
    pinned = re.findall(r"^([\w-]+)==", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    reasons = PAGES["docs/packages.md"]
    assert [name for name in pinned if not re.search(rf"\b{re.escape(name)}\b", reasons)] == []


def test_what_its_commands_leave_is_ignored_by_git():
    if not (ROOT / ".git").exists():
        pytest.skip("this copy of the lab is no git repository")
    left = [
        "lab.pem",
        ".venv/x",
        "results/latest/runs.csv",
        "results/mine/x",
        "results/own/x",
        "results/protocol/x",
        "results/secure/x",
        "results/.latest.partial/x",
        "results/.latest.lock",
    ]
    said = subprocess.run([needs("git"), "check-ignore", *left], cwd=ROOT, capture_output=True, text=True)
    assert said.stdout.split() == left and "lab.pem" in EVERYTHING


@pytest.mark.parametrize(
    ("user", "words"), [("0", "jupyter lab --allow-root --ServerApp"), ("1000", "jupyter lab  --ServerApp")]
)
def test_make_notebooks_opens_jupyter_for_root_as_well(tmp_path, user, words):
    (tmp_path / "id").write_text(f"#!/bin/sh\necho {user}\n")
    (tmp_path / "id").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    said = subprocess.run(
        ["make", "-n", "notebooks"], cwd=ROOT, env=os.environ | {"PATH": path}, capture_output=True, text=True
    )
    assert words in said.stdout


@pytest.mark.parametrize("python", ["3.9", "3.10", "3.14"])
def test_pip_tells_an_unsuitable_python_what_the_lab_needs(python):
    """It does once it comes to the lab itself: on an older Python no line before may have nothing to offer."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    needed = re.search(r'requires-python = "(.+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert needed and f"{python}.0" not in SpecifierSet(needed[1]) and lines[-1] == "-e ."
    for required in map(Requirement, (line for line in lines[:-1] if not line.startswith("#"))):
        if required.marker is None or required.marker.evaluate({"python_version": python}):
            supported = distribution(required.name).metadata["Requires-Python"] or ""
            assert f"{python}.0" in SpecifierSet(supported), required


@pytest.mark.parametrize("program", ["servers", "clients", "loadtests", "loadtests.link", "results"])
def test_without_its_environment_a_program_says_how_to_activate_it(program):
    isolated = [sys.executable, "-S", "-m", program]  # without site-packages
    done = subprocess.run(
        isolated, cwd=ROOT, capture_output=True, text=True, timeout=30, env=os.environ | {"PYTHONPATH": ""}
    )
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert ".venv/bin/activate" in done.stderr and done.stderr.startswith(program.partition(".")[0])
