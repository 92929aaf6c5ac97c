"""Clients and users behind nginx: the configuration of docs/proxies.md, its defaults, TLS in front, short timeouts."""

import re
import subprocess
import sys
import threading
from itertools import islice

import pytest
import trustme
from tools.following import FOLLOW, Follower, each
from tools.lab import LOCUST, ROOT, WITH_GUESTS, Lab, eventually, serving
from tools.proxies import DEFAULTS, DOCUMENTED, PAGE, PATHS, TLS_LINES, nginx

from clients.address import address_of
from clients.connection.http import read_status
from clients.delivery import Disconnected, Reconnected
from clients.errors import Refused
from clients.ledger import Ledger
from loadtests.runs.ports import free_port

pytestmark = pytest.mark.starts


@pytest.fixture(scope="module")
def documented(lab, tmp_path_factory):
    with nginx(lab, tmp_path_factory.mktemp("documented"), DOCUMENTED) as proxy:
        yield proxy.url


@each
def test_every_message_comes_through_the_documented_configuration(transport, documented, lab):
    follower = Follower(transport, documented(transport), 3)
    eventually(lambda: follower.ledger.wire > 0 and lab.status(transport)["clients"] + (transport == "polling"))
    sent = [{"number": number} for number in range(3)]
    for data in sent:
        eventually(lambda: follower.ledger.wire_received > 100)
        lab.post(data)
    assert follower.finish() == sent and follower.gaps == []


@each
def test_status_is_read_under_the_path_and_bytes_are_all_booked(transport, documented):
    ledger = Ledger()
    assert read_status(documented(transport), ledger, 5.0)["transport"] == transport
    assert ledger.wire > 0 and ledger.difference == 0


@pytest.mark.parametrize(("transport", "user"), [
    ("polling", "PollingUser"), ("long-polling", "LongPollingUser"), ("websocket", "WebSocketUser"),
    ("polling", "HttpEchoUser"), ("websocket", "WebSocketEchoUser")])  # fmt: skip
def test_locust_users_follow_through_a_path(transport, user, documented, lab):
    options = ["-u", "2", "-t", "2s", "--poll-interval", "0.1", "--every", "0.1", "--host", documented(transport)]
    command = [*LOCUST, user, *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        while process.poll() is None:
            lab.post("x")
        said = process.stdout.read()
    found = re.search(r"([\d,]+) deliveries, 0 lost, 0 repeated, 0 out of order, 0 failures", said)
    assert process.returncode == 0 and found and int(found[1].replace(",", "")) > 5, said


@pytest.fixture(scope="module")
def by_default(lab, tmp_path_factory):
    with nginx(lab, tmp_path_factory.mktemp("default"), DEFAULTS) as proxy:
        yield proxy.url


@pytest.mark.parametrize("transport", ["polling", "long-polling"])
def test_http_transports_need_no_configuration(transport, by_default, lab):
    """Towards the server nginx speaks HTTP/1.0 then, and closes; towards the client it keeps the connection."""
    follower = Follower(transport, by_default(transport), 2, after=int(lab.status(transport)["newest"]))
    for data in ("one", "two"):
        lab.post(data)
    assert follower.finish() == ["one", "two"]


def test_an_upgrade_that_a_proxy_dropped_is_said(by_default):
    words = ("this server expects a WebSocket upgrade; no Upgrade header arrived; a proxy in between must forward "
             "Upgrade and Connection")  # fmt: skip
    assert f"    {words}\n" in PAGE
    command = [sys.executable, "-m", "clients", "websocket", by_default("websocket")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1) and words in done.stderr


@each
def test_with_tls_in_front(transport, lab, tmp_path):
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(str(tmp_path / "lab.pem"))
    certificate.private_key_pem.write_to_path(str(tmp_path / "lab.key"))
    (tmp_path / "lab.crt").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
    with nginx(lab, tmp_path, DOCUMENTED.replace("    listen 8080;\n", "    listen 8080;\n" + TLS_LINES)):
        port = int(re.search(r"listen 127\.0\.0\.1:(\d+) ssl", (tmp_path / "nginx.conf").read_text())[1])
        url = f"https://127.0.0.1:{port}{PATHS[transport]}"
        newest = int(lab.status(transport)["newest"])
        lab.post("over TLS")
        deliveries = FOLLOW[transport](url, newest, trust=str(tmp_path / "lab.pem"))
        assert next(deliveries).data == "over TLS"
        deliveries.close()


@pytest.mark.parametrize("transport", ["long-polling", "websocket"])
def test_a_timeout_shorter_than_the_silence_loses_nothing(transport, lab, tmp_path):
    """nginx answers 504 to a held request, and closes a silent WebSocket; the client says so and goes on."""
    short = DOCUMENTED.replace("proxy_read_timeout 70s", "proxy_read_timeout 1s")
    said: list[Disconnected | Reconnected] = []
    with nginx(lab, tmp_path, short) as proxy:
        newest = int(lab.status(transport)["newest"])
        deliveries = FOLLOW[transport](proxy.url(transport), newest, on_change=said.append)
        lab.post("before")
        assert next(deliveries).data == "before"
        post_once_lost(lab, said)
        assert [delivery.data for delivery in islice(deliveries, 2)] == ["after", "and again"]
        deliveries.close()
    assert isinstance(said[0], Disconnected) and isinstance(said[1], Reconnected) and said[1].gap is False
    if transport == "long-polling":
        assert said[0].reason == "the server answers 504: Gateway Timeout", "no page of HTML"


def test_a_locust_user_counts_what_a_proxy_ends_as_a_failure_and_goes_on(lab, tmp_path):
    short = DOCUMENTED.replace("proxy_read_timeout 70s", "proxy_read_timeout 1s")
    with nginx(lab, tmp_path, short) as proxy:
        command = [*LOCUST, "LongPollingUser", "-u", "1", "-t", "3s", "--host", proxy.url("long-polling")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    said = done.stdout + done.stderr
    found = re.search(r"(\d+) +long-polling connection: ServerUnavailable\('the server answers 504: Gateway Time", said)
    assert done.returncode == 1 and found and int(found[1]) >= 2 and "<html" not in said, said


def post_once_lost(lab: Lab, said: list[Disconnected | Reconnected]) -> None:
    """Post two messages as soon as the client has lost its connection, from another thread."""
    def post() -> None:
        eventually(lambda: said)
        lab.post("after")
        lab.post("and again")

    threading.Thread(target=post, daemon=True).start()


def test_a_server_that_is_away_behind_a_proxy_is_waited_for_from_the_start(tmp_path):
    """502 until it is there; the client says that it tries again, and has every message."""
    ports = ",".join(str(free_port()) for _ in WITH_GUESTS)
    with serving("--guests", "--ports", ports, "--source", "none") as lab, nginx(lab, tmp_path, DOCUMENTED) as proxy:
        lab.end()
        command = [sys.executable, "-m", "clients", "polling", proxy.url("polling"), "--count", "1", "--after", "0"]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as client:
            line = client.stderr.readline()
            assert line == "connection lost (the server answers 502: Bad Gateway); trying again\n"
            with serving("--guests", "--ports", ports, "--source", "none") as back:
                back.post("there")
                out, errors = client.communicate(timeout=30)
    assert client.returncode == 0 and '"there"' in out and errors.startswith("connected again after ")


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("http://host/polling/", "/polling/messages"),
        ("http://host/polling", "/polling/messages"),
        ("http://host/a/b%20c/messages", "/a/b%20c/messages"),
        ("ws://host:8080/user/x@y/proxy/5003/?token=ab_c-1", "/user/x@y/proxy/5003/messages?token=ab_c-1"),
        ("http://host/messages", "/messages"),
        ("http://host/lab/status", "/lab/messages"),
    ],
)
def test_an_address_with_a_path(url, target):
    assert address_of(url).target("/messages") == target


@pytest.mark.parametrize("url", ["http://host/a b", "http://host/ä", "http://host/a?b=c", "http://host/a#b", "http:///a",
                                 "http://host//a"])  # fmt: skip
def test_an_address_that_is_none(url):
    with pytest.raises(Exception, match="is not the address of a server"):
        address_of(url)


def test_what_is_under_a_wrong_path_is_no_server_of_the_lab(lab):
    with pytest.raises(Refused, match="the server answers 404"):
        read_status(f"{lab.url('polling')}/elsewhere/", Ledger(), 5.0)
