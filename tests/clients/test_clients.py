"""The clients against real servers: nothing lost, nothing repeated, every byte booked."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import islice

import pytest
from tools.following import FOLLOW, Follower, asked, each
from tools.lab import TRANSPORTS, WITH_GUESTS, Lab, eventually, serving
from tools.terminal import run

from clients import websocket
from clients.delivery import Delivery, Gap
from clients.ledger import HEADINGS, Ledger, Transcript
from loadtests.headers.profiles import PROFILES

pytestmark = pytest.mark.starts

# ---- Following


@each
def test_from_now_on_is_from_now_on(lab, transport):
    lab.post("before")
    before = lab.status(transport)["requests"]
    follower = Follower(transport, lab.url(transport), 3)
    eventually(lambda: asked(lab, transport, before))
    for number in range(3):
        lab.post(number)
    assert follower.finish() == [0, 1, 2]
    assert follower.gaps == [] and follower.ledger.difference == 0


@each
def test_after_a_seq_everything_comes_once_and_in_order(lab, transport):
    after = json.loads(lab.post("before"))["seq"]
    posted = [json.loads(lab.post({"number": number, "text": "zürich €"})) for number in range(20)]
    ledger = Ledger()
    following = FOLLOW[transport](lab.url(transport), after, ledger=ledger)
    deliveries = list(islice(following, 20))
    following.close()
    assert [(d.seq, d.published_at, d.data) for d in deliveries] == [
        (m["seq"], m["published_at"], m["data"]) for m in posted
    ]
    assert all(delivery.latency > 0 for delivery in deliveries)
    assert ledger.payload == sum(delivery.size for delivery in deliveries)
    assert ledger.difference == 0


@each
def test_the_bytes_of_the_deliveries_are_those_of_the_wire(lab, transport):
    after = json.loads(lab.post("before"))["seq"]
    lab.post("one"), lab.post("two")
    ledger = Ledger()
    following = FOLLOW[transport](lab.url(transport), after, ledger=ledger)
    first, second = islice(following, 2)
    assert first.wire_bytes + second.wire_bytes == ledger.wire
    assert first.wire_bytes >= second.wire_bytes > second.size
    following.close()


@each
def test_a_client_leaves_no_connection_behind(lab, transport):
    lab.post("something")
    following = FOLLOW[transport](lab.url(transport), 0)
    next(following)
    following.close()
    eventually(lambda: lab.status(transport)["clients"] == 0)


@each
def test_a_client_that_is_ahead_of_the_feed_is_told(lab, transport):
    lab.post("something")
    gaps, oldest = list[Gap](), lab.status(transport)["oldest"]
    following = FOLLOW[transport](lab.url(transport), 10**9, on_gap=gaps.append)
    assert next(following).seq == oldest
    following.close()
    assert [(gap.after, gap.oldest, gap.restarted) for gap in gaps] == [(10**9, oldest, False)]


# ---- TLS and deflate

SECURE = {"polling": "https", "long-polling": "https", "websocket": "wss", "server-sent-events": "https"}


def exact(ledger: Ledger) -> bool:
    """Whether all is booked, and as much of it as the kernel has counted, where it tells."""
    kernel = (ledger.kernel_sent, ledger.kernel_received)
    return ledger.difference == 0 and (kernel == (ledger.wire_sent, ledger.wire_received) or not any(kernel))


@each
def test_over_tls_everything_comes_once_and_every_byte_is_booked(secure_lab, lab, transport):
    ledgers = {}
    for servers in (lab, secure_lab):
        after = json.loads(servers.post("before"))["seq"]
        posted = [json.loads(servers.post({"number": number, "text": "zürich €"})) for number in range(20)]
        ledger = ledgers[servers.trust is not None] = Ledger()
        following = FOLLOW[transport](servers.url(transport), after, ledger=ledger, trust=servers.trust)
        deliveries = list(islice(following, 20))
        following.close()
        assert [(d.seq, d.data) for d in deliveries] == [(m["seq"], m["data"]) for m in posted]
        assert exact(ledger) and ledger.payload == sum(delivery.size for delivery in deliveries)
    plain, secure = ledgers[False], ledgers[True]
    assert secure.handshake - plain.handshake > 1000 and secure.framing - plain.framing > 2 * 22
    assert secure.request_head == pytest.approx(plain.request_head, abs=8)  # the digits of after=


@each
def test_a_server_that_starts_again_with_another_certificate_is_trusted_by_its_new_file(transport, tmp_path):
    tls = ("--tls", str(tmp_path / "authority.pem"))
    with serving("--guests", "--ports", "0,0,0,0", "--source", "none", *tls) as first:
        ports = ",".join(str(first.ports[name]) for name in WITH_GUESTS)
        first.post("one")
        gaps: list[Gap] = []
        following = FOLLOW[transport](first.url(transport), 0, trust=first.trust, on_gap=gaps.append)
        assert next(following).data == "one"
    with serving("--guests", "--ports", ports, "--source", "none", *tls) as second:
        second.post("two")
        assert next(following).data == "two" and [gap.restarted for gap in gaps] == [True]
        following.close()


@each
def test_whom_nobody_vouches_for_is_not_trusted(secure_lab, transport):
    ended = run(transport, secure_lab.url(transport))
    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1)
    assert "the server's certificate is not trusted" in ended.stderr


class Silent(BaseHTTPRequestHandler):
    """Answers 400 to what is no HTTP, and keeps no log."""

    def log_message(self, *_: object) -> None:
        pass


@each
def test_a_server_without_tls_is_told_from_one_with_it(secure_lab, transport):
    with HTTPServer(("127.0.0.1", 0), Silent) as server:
        threading.Thread(target=server.handle_request).start()
        ended = run(transport, f"{SECURE[transport]}://127.0.0.1:{server.server_port}")
    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1), ended.stderr
    assert "speaks no TLS" in ended.stderr
    ended = run(transport, secure_lab.url(transport).replace("s://", "://"))
    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1), ended.stderr
    assert "https or wss" in ended.stderr


@each
def test_with_tls_the_address_without_one_is_secure(transport, secure_lab):
    ended = run(transport, "--tls", secure_lab.trust)
    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1)  # unless the lab runs on its usual ports
    assert ended.stderr.startswith(f"clients: {SECURE[transport]}://127.0.0.1:500")


@each
def test_the_terminal_client_speaks_tls(secure_lab, transport):
    after = json.loads(secure_lab.post("before"))["seq"]
    secure_lab.post("something")
    options = ["--tls", secure_lab.trust, "--json", "--after", str(after), "--count", "1"]
    ended = run(transport, secure_lab.url(transport), *options)
    delivery, last = [json.loads(line) for line in ended.stdout.splitlines()]
    assert (ended.returncode, ended.stderr, delivery["seq"]) == (0, "", after + 1)
    ledger = last["ledger"]
    assert sum(ledger[heading] for heading in HEADINGS) == ledger["wire_sent"] + ledger["wire_received"]
    assert ledger["handshake"] > 1000


def compressed_ledger(servers: Lab, transport: str, deflate: bool, count: int = 5) -> tuple[list[Delivery], Ledger]:
    """What following `count` messages that repeat themselves costs."""
    after = json.loads(servers.post("before"))["seq"]
    for number in range(count):
        servers.post([number, "tick tock " * 200])
    ledger = Ledger()
    follow = FOLLOW[transport]
    following = follow(servers.url(transport), after, ledger=ledger, trust=servers.trust, deflate=deflate)
    deliveries = list(islice(following, count))
    following.close()
    return deliveries, ledger


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_deflate_brings_the_same_messages_in_fewer_bytes(transport, secure_lab):
    for deflate in (False, True):
        deliveries, ledger = compressed_ledger(secure_lab, transport, deflate)
        sizes = [delivery.size for delivery in deliveries]
        assert [delivery.data for delivery in deliveries] == [[number, "tick tock " * 200] for number in range(5)]
        assert min(sizes) > 2000 and exact(ledger)
        assert (ledger.payload < sum(sizes) / 20) is deflate and (ledger.payload == sum(sizes)) is not deflate
        assert all(0 <= delivery.wire_bytes for delivery in deliveries)
        assert sum(delivery.wire_bytes for delivery in deliveries) <= ledger.wire


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_deflate_that_is_declined_is_none(transport, lab):
    deliveries, ledger = compressed_ledger(lab, transport, deflate=True)
    assert ledger.payload == sum(delivery.size for delivery in deliveries)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("deflate", [False, True])
def test_what_a_profile_offers_is_offered_once_and_understood(secure_lab, lab, profile, deflate):
    offered = dict(PROFILES[profile].fields("websocket", "h"))
    offers = deflate or "Sec-WebSocket-Extensions" in offered
    for servers in (lab, secure_lab):
        after = json.loads(servers.post("x" * 1000))["seq"] - 1
        ledger = Transcript()
        options = {"trust": servers.trust, "deflate": deflate}
        where = servers.url("websocket"), f"/messages?after={after}"
        fields = PROFILES[profile].fields("websocket", where[0].partition("//")[2])[1:]
        with websocket.WebSocketConnection(*where, ledger, fields, **options) as connection:
            [message], _ = next(connection.messages())
        head = b"".join(data for way, _, data in ledger.entries if way == "sent").lower()
        assert json.loads(message)["data"] == "x" * 1000
        assert head.count(b"sec-websocket-extensions") == offers
        assert (ledger.payload < 100) is (offers and servers is secure_lab)
