"""The README: its numbers are the reference run's, its commands and folders are there."""

import re

from tools.lab import ROOT

from results import table
from results.report import readme

TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_numbers_are_those_of_the_committed_run():
    between = TEXT.partition(readme.BEGIN)[2].partition(readme.END)[0]
    assert between.strip() == readme.block(table.read(ROOT / "results" / "reference"))


def test_what_it_links_to_is_there():
    links = re.findall(r"\]\(([^)#]+)\)", TEXT)
    assert len(links) > 1
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_command_it_names_is_one():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"make (\w+)", TEXT)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE) or target in ("sure", "it"), target
    for module in set(re.findall(r"python -m (\w+)", TEXT)) - {"venv", "pip"}:
        assert (ROOT / module / "__main__.py").exists(), module
    for folder in re.findall(r"^\| `(\w+)/`", TEXT, re.MULTILINE):
        assert (ROOT / folder).is_dir(), folder


def test_every_package_it_pins_has_its_reason_in_the_readme():
    pinned = re.findall(r"^([\w-]+)==", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    reasons = TEXT.partition("## Why each package")[2]
    assert [name for name in pinned if not re.search(rf"\b{re.escape(name)}\b", reasons)] == []
