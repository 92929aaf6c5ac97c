"""All lessons as one site that opens without a network: a contents page, a glossary, links from one to the next."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import jinja2
import mistune
import nbformat
from nbconvert import HTMLExporter
from pygments.formatters import HtmlFormatter

from lessons.editions.build import NOTEBOOKS, names
from results.folders import ROOT

PAGE = "page.html.j2"
DOCS = ROOT / "docs"
PAGES = {NOTEBOOKS / "GLOSSARY.md": "Glossary", NOTEBOOKS / "TEACHING.md": "Teaching with the push lab",
         DOCS / "live.md": "Live in a browser"}  # fmt: skip


def write_site(folder: Path) -> Path:
    """Write the committed notebooks as pages into `folder`, and return the contents page."""
    folder.mkdir(parents=True, exist_ok=True)
    lessons = [(name, nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)) for name in names()]
    contents = [(name, title_of(notebook), opening_of(notebook)) for name, notebook in lessons]
    for place, (name, notebook) in enumerate(lessons):
        body, _ = HTMLExporter(template_name="basic").from_notebook_node(notebook)
        around = {"before": contents[place - 1] if place else None,
                  "after": contents[place + 1] if place + 1 < len(lessons) else None}  # fmt: skip
        write(folder / f"{name}.html", contents[place][1], linked(body), **around)
    for page, title in PAGES.items():
        text = mistune.create_markdown(plugins=["table"])(page.read_text(encoding="utf-8"))
        write(folder / f"{page.stem.lower()}.html", title, linked(str(text)), before=None, after=None)
    shutil.copytree(DOCS / "pictures", folder / "pictures", dirs_exist_ok=True)
    return write(folder / "index.html", "The push lab: seven lessons", "", contents=contents, before=None, after=None)


def write(path: Path, title: str, body: str, **told: object) -> Path:
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(Path(__file__).parent), autoescape=True)
    style = HtmlFormatter().get_style_defs(".highlight")
    page = environment.get_template(PAGE).render(title=title, body=body, style=style, **({"contents": []} | told))
    path.write_text(page, encoding="utf-8")
    return path


def title_of(notebook: nbformat.NotebookNode) -> str:
    return str(notebook.cells[0].source).splitlines()[0].lstrip("# ")


def opening_of(notebook: nbformat.NotebookNode) -> str:
    """What a lesson's first cell says the student will be able to do."""
    found = re.search(r"\*You will be able to\*(.*?)\.(?:\s|$)", str(notebook.cells[0].source), re.DOTALL)
    return re.sub(r"[`*]", "", found[1]).strip() if found else ""


def linked(body: str) -> str:
    """The body with links to pages instead of notebooks; where sliders stand still, it does not ask to move them."""
    body = re.sub(r'href="(\d\d_\w+)\.ipynb', r'href="\1.html', body)
    pages = r'href="(?:\.\./docs/)?(GLOSSARY|TEACHING|live)\.md'
    body = re.sub(pages, lambda name: f'href="{name[1].lower()}.html', body)
    body = body.replace('src="../docs/pictures/', 'src="pictures/')
    return body.replace("Move the sliders", "In the notebook, move the sliders")
