"""The pages that a server shows in a browser: its lane, the chat, the playground. Plain HTML, CSS and ES modules."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from flask import Flask, Response, abort, request

FOLDER = Path(__file__).parent
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
COMMON = "pages"  # where the files of this folder are, whatever the server


@dataclass(frozen=True)
class Pages:
    """The pages of a server: files of `folder` by their path; all files of the folder are below `/at/`."""

    files: Mapping[str, str]
    folder: Path = FOLDER
    at: str = COMMON

    def has(self, path: str) -> bool:
        """Whether a path is one of a page, or of a file that pages load. They are the same for everyone, and no secret.
        """
        return path in self.files or path.startswith((f"/{COMMON}/", f"/{self.at}/"))


OWN = Pages({"/": "lane.html", "/chat": "chat.html", "/small-chat": "small_chat.html",
             "/playground": "playground.html", "/held": "held.html"})  # fmt: skip
"""The pages of every transport's server."""


def add_pages(app: Flask, pages: Pages) -> None:
    """Let the app answer GET for pages and their files."""
    for path, name in pages.files.items():
        app.add_url_rule(path, name, partial(file_response, pages.folder, name))
    for at, folder in {COMMON: FOLDER, pages.at: pages.folder}.items():
        app.add_url_rule(f"/{at}/<path:name>", at, partial(file_response, folder))


def file_response(folder: Path, name: str) -> Response:
    """Return a file of a folder with its media type; 404 if it is none."""
    if (content := files(folder).get(name)) is None:
        abort(404)
    response = Response(content, content_type=f"{TYPES[Path(name).suffix]}; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Content-Security-Policy"] = policy(request.host.rpartition(":")[0] or request.host)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@cache
def files(folder: Path) -> dict[str, bytes]:
    """What may be read of a folder, by path within it."""
    found = (path for path in folder.rglob("*") if path.suffix in TYPES)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def policy(host: str) -> str:
    """What a page may load (Content Security Policy Level 3): its own server's files and nothing inline.

    It may connect to, show, and be shown by pages of this host whatever their port: lanes, the stage, Jupyter.
    """
    here = f"http://{host}:*"
    return "; ".join((
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' blob:",
        f"connect-src 'self' {here} ws://{host}:*", f"frame-src 'self' {here}",
        f"frame-ancestors 'self' {here} http://localhost:* http://127.0.0.1:*", "base-uri 'none'", "form-action 'self'",
    ))  # fmt: skip
