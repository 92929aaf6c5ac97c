"""C1: what HTTP/2 leaves of the headers of polls and long polls. Each byte is counted under the type of its frame.

nginx speaks HTTP/2 in front of the lab's servers, and the client is h2. There is no TLS, since it would hide the frames
(prior knowledge, RFC 9113 section 3.3).
"""

import shutil
import socket
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, ResponseReceived, StreamEnded
from hpack import Encoder
from hyperframe.frame import Frame

from loadtests.headers.profiles import PROFILES
from loadtests.observe.observation import Observation
from loadtests.observe.servers import Servers
from loadtests.runs.measure import START_TIMEOUT, status
from loadtests.runs.ports import free_port
from results.audit.hpack_heads import FRAME_HEAD, Head

CLAIM, EXCHANGES, COOKIES = "C1", 100, (0, 1024)
PREFACE = len(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
WAYS = {"polling": ("poll", ""), "long-polling": ("long poll", "&wait=25")}
CONFIGURATION = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/1; proxy_temp_path {folder}/2; fastcgi_temp_path {folder}/3;
    uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
    upstream lab {{ server 127.0.0.1:{behind}; keepalive 16; }}
    server {{
        listen 127.0.0.1:{port} {speaks};
        location / {{
            proxy_pass http://lab; proxy_http_version 1.1; proxy_buffering off; proxy_read_timeout 70s;
            proxy_set_header Host $http_host; proxy_set_header Connection "";
        }}
    }}
}}
"""


class NoProxy(Exception):
    """There is no nginx on this machine, or it does not start."""


@contextmanager
def nginx(behind: int, speaks: str = "http2", tls: bool = False) -> Iterator[int]:
    """nginx before a server's port, speaking HTTP/2 on the port that is yielded; NoProxy without it.

    With `tls` its certificate is not trusted anywhere, and the client chooses by ALPN among what it `speaks`.
    """
    if (program := shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")) is None:
        raise NoProxy("no nginx on the PATH")
    with tempfile.TemporaryDirectory() as folder:
        port, file = free_port(), Path(folder, "nginx.conf")
        if tls:
            pem = Path(folder, "certificate.pem")
            pem.write_bytes(certificate())
            speaks = f"ssl {speaks}; ssl_certificate {pem}; ssl_certificate_key {pem}"
        file.write_text(CONFIGURATION.format(folder=folder, port=port, behind=behind, speaks=speaks))
        command = [program, "-p", folder, "-e", f"{folder}/error.log", "-c", str(file)]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
            try:
                wait_for(port, process)
                yield port
            finally:
                process.terminate()


def certificate() -> bytes:
    """A certificate for this machine and its key, as PEM."""
    import trustme  # here: it loads a library for cryptography

    return trustme.CA().issue_cert("localhost").private_key_and_cert_chain_pem.bytes()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        time.sleep(0.02)
    raise NoProxy("nginx does not start")


class Http2Client:
    """One connection. `sent` and `received` are the bytes of frames by their type, frame heads included."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), START_TIMEOUT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._h2 = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self._unread = b""
        self.sent: Counter[str] = Counter()
        self.received: Counter[str] = Counter()
        self._h2.initiate_connection()
        data = self._h2.data_to_send()
        self._socket.sendall(data)
        self.sent["preface"] = PREFACE
        count_frames(data[PREFACE:], self.sent)

    def request(self, fields: list[tuple[str, str]]) -> int:
        """Send a request without a body; return its stream."""
        stream = self._h2.get_next_available_stream_id()
        self._h2.send_headers(stream, fields, end_stream=True)
        self._flush()
        return stream

    def response(self, stream: int) -> tuple[int, bytes]:
        """Wait for the response; return its status and its body."""
        code, body = 0, b""
        while True:
            data = self._socket.recv(65_536)
            if not data:
                raise NoProxy("nginx ended the connection")
            self._unread = count_frames(self._unread + data, self.received)
            for event in self._h2.receive_data(data):
                if isinstance(event, ResponseReceived):
                    code = next(int(value) for name, value in event.headers if name in (":status", b":status"))
                elif isinstance(event, DataReceived):
                    body += event.data
                    self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, StreamEnded) and event.stream_id == stream:
                    self._flush()
                    return code, body
            self._flush()

    def _flush(self) -> None:
        if data := self._h2.data_to_send():
            self._socket.sendall(data)
            count_frames(data, self.sent)

    def close(self) -> None:
        self._socket.close()


def count_frames(data: bytes, counts: Counter[str]) -> bytes:
    """Count the bytes of whole frames by their type; return what is left."""
    while len(data) >= FRAME_HEAD:
        frame, length = Frame.parse_frame_header(memoryview(data[:FRAME_HEAD]))
        if len(data) < FRAME_HEAD + length:
            break
        counts[type(frame).__name__.removesuffix("Frame")] += FRAME_HEAD + length
        data = data[FRAME_HEAD + length :]
    return data


def observe(servers: Servers) -> Iterator[Observation]:
    for transport, (words, hold) in WAYS.items():
        with nginx(urlsplit(servers.urls[transport]).port or 0) as port:
            for cookie_bytes in COOKIES:
                cookies = f"{cookie_bytes:,} B of cookies" if cookie_bytes else "no cookies"
                yield from exchanges(servers, transport, hold, port, cookie_bytes, f"{words}, {cookies}")


def exchanges(
    servers: Servers, transport: str, hold: str, port: int, cookie_bytes: int, condition: str
) -> Iterator[Observation]:
    """What EXCHANGES polls on one connection take, each of which brings a message."""
    said = status(servers.urls[transport])
    seq, epoch, heads = said["newest"], said["epoch"], list[tuple[int, int, int]]()
    client, computing = Http2Client(port), Encoder()
    for _ in range(EXCHANGES):
        before = client.sent["Headers"], client.received["Headers"]
        if not hold:
            servers.publish("tick")
        fields = request_fields(f"/messages?after={seq}&epoch={epoch}{hold}", f"localhost:{port}", cookie_bytes)
        computed = FRAME_HEAD + len(computing.encode(fields))
        stream = client.request(fields)
        if hold:
            servers.publish("tick")
        code, body = client.response(stream)
        if code != 200:
            raise NoProxy(f"nginx answers {code}")
        seq += body.count(b"\n")
        heads.append((client.sent["Headers"] - before[0], client.received["Headers"] - before[1], computed))
    client.close()
    names = "request", "response head", "request, computed"
    for name, sizes in zip(names, zip(*heads, strict=True), strict=True):
        yield Observation(CLAIM, f"HTTP/2, first {name}", str(sizes[0]), "B", condition)
        yield Observation(CLAIM, f"HTTP/2, later {name}", f"{median(sizes[1:]):g}", "B", condition)
    others = client.sent + client.received
    for kind in ("Data", "Settings", "WindowUpdate", "Ping"):
        yield Observation(CLAIM, f"HTTP/2, {kind} frames", str(others[kind]), "B", f"{EXCHANGES} × {condition}")


def request_fields(target: str, host: str, cookie_bytes: int) -> list[tuple[str, str]]:
    """A browser's poll as HTTP/2 has it."""
    fields = tuple(PROFILES["browser"].fields("polling", host, cookie_bytes))
    return Head(f"GET {target} HTTP/1.1", fields).http2("http")
