"""nginx and HAProxy before the lab's servers, as processes that a test can restart."""

import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from loadtests.runs.ports import free_port
from tools.lab import ROOT, WITH_GUESTS, Lab, eventually, needs

PAGE = (ROOT / "docs" / "proxies.md").read_text(encoding="utf-8")
DOCUMENTED, TLS_LINES = re.findall(r"```nginx\n(.*?)```", PAGE, re.DOTALL)
(HAPROXY_DOCUMENTED,) = re.findall(r"```haproxy\n(.*?)```", PAGE, re.DOTALL)
PATHS = {"polling": "/polling/", "long-polling": "/long-polling/", "websocket": "/websocket/",
         "server-sent-events": "/server-sent-events/"}
DEFAULTS = """
server {
    listen 8080;
    location /polling/      { proxy_pass http://127.0.0.1:5001/; }
    location /long-polling/ { proxy_pass http://127.0.0.1:5002/; }
    location /websocket/    { proxy_pass http://127.0.0.1:5003/; }
    location /server-sent-events/ { proxy_pass http://127.0.0.1:5004/; }
}
"""
NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{servers}
}}
"""


class Proxy:
    """A proxy's process; it listens on the same port after a restart."""

    def __init__(self, command: list[str], port: int) -> None:
        self._command, self._port = command, port
        self.start()

    def start(self) -> None:
        """Return once it listens."""
        self._process = subprocess.Popen(self._command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        eventually(lambda: self._process.poll() is not None or listening(self._port))
        assert self._process.poll() is None, self._process.stderr.read()

    def stop(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=20)

    def url(self, transport: str) -> str:
        return f"http://127.0.0.1:{self._port}{PATHS[transport]}"


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def with_ports(text: str, lab: Lab) -> tuple[str, int]:
    """A documented configuration with free ports and those of the servers; and the port to connect to."""
    servers = {str(5001 + place): str(lab.ports[name]) for place, name in enumerate(WITH_GUESTS)}
    ports = servers | {"8080": str(free_port()), "8443": str(free_port())}
    text = re.sub(r"(listen |bind ):?(8080|8443)\b", r"\g<1>127.0.0.1:\2", text)
    text = re.sub(rf"\b({'|'.join(ports)})\b", lambda found: ports[found[1]], text)  # in one go: ports hold digits
    return text, int(ports["8080"])


@contextmanager
def running(command: list[str], port: int) -> Iterator[Proxy]:
    proxy = Proxy(command, port)
    try:
        yield proxy
    finally:
        proxy.stop()


def nginx(lab: Lab, folder: Path, servers: str) -> AbstractContextManager[Proxy]:
    """nginx with these server blocks."""
    text, port = with_ports(servers, lab)
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, servers=text))
    paths = ["-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    return running([needs("nginx"), *paths], port)


def haproxy(lab: Lab, folder: Path, configuration: str) -> AbstractContextManager[Proxy]:
    text, port = with_ports(configuration, lab)
    (folder / "haproxy.cfg").write_text(text)
    return running([needs("haproxy"), "-db", "-f", str(folder / "haproxy.cfg")], port)
