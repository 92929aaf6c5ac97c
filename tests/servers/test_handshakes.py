"""How WebSockets begin and end, row by row of the contract, with clients that are not this project's."""

import base64
import hashlib

import pytest
from tools.lab import UPGRADE, Answer, Lab, eventually
from tools.wire import each, is_problem, newest, opened, raw_exchange, read_to_end, websocket_to

pytestmark = pytest.mark.starts

# ---- The opening handshake


def upgrade(lab: Lab, path: str = "/messages", **changes: str | None) -> Answer:
    """The answer to an upgrade with some header fields changed, or left out where they are None."""
    fields = UPGRADE | {name.replace("_", "-"): value for name, value in changes.items()}
    return lab.request("websocket", "GET", path, **{name: value for name, value in fields.items() if value is not None})


@pytest.mark.parametrize("path", ["/messages", "/echo"])
def test_the_handshake_is_answered_as_rfc_6455_has_it(lab, path):
    answer = upgrade(lab, path)
    digest = hashlib.sha1(b"dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
    assert (answer.status, answer.fields["Upgrade"].lower()) == (101, "websocket")
    assert answer.fields["Connection"].lower() == "upgrade"
    assert answer.fields["Sec-WebSocket-Accept"] == base64.b64encode(digest).decode() == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_letter_case_and_further_tokens_do_not_matter(lab):
    assert upgrade(lab, Upgrade="WebSocket", Connection="keep-alive, upgrade").status == 101


@pytest.mark.parametrize("path", ["/messages", "/echo"])
@pytest.mark.parametrize("changes", [
    *({name: None} for name in UPGRADE),
    dict.fromkeys(UPGRADE),
    {"Upgrade": "h2c"}, {"Connection": "keep-alive"},
    {"Sec-WebSocket-Key": ""}, {"Sec-WebSocket-Key": "x"}, {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ"},
    {"Sec-WebSocket-Key": base64.b64encode(bytes(15)).decode()}, {"Sec-WebSocket-Key": "!" * 24},
    {"Sec-WebSocket-Key": base64.b64encode(bytes(17)).decode()},
], ids=str)
def test_a_malformed_upgrade_is_400(lab, path, changes):
    assert is_problem(upgrade(lab, path, **changes), 400)


@pytest.mark.parametrize("version", ["0", "8", "12", "14", "x", ""])
def test_another_version_is_426_and_told_which_one_is_spoken(lab, version):
    answer = upgrade(lab, Sec_WebSocket_Version=version)
    assert is_problem(answer, 426)
    assert answer.fields["Sec-WebSocket-Version"] == "13"


def test_an_upgrade_takes_http_1_1(lab):
    lines = ["GET /messages HTTP/1.0", "Host: localhost", *(f"{n}: {t}" for n, t in UPGRADE.items()), "", ""]
    status = raw_exchange(lab, "websocket", "\r\n".join(lines).encode()).split()[1]
    assert status == b"400"


def test_an_unknown_path_is_404_for_an_upgrade_too(lab):
    assert is_problem(upgrade(lab, "/nothing"), 404)


@pytest.mark.parametrize("offer", ["permessage-deflate", "permessage-deflate; client_max_window_bits, x-unknown"])
def test_permessage_deflate_is_declined(lab, offer):
    ws = websocket_to(lab, "/echo", header=[f"Sec-WebSocket-Extensions: {offer}"])
    assert "sec-websocket-extensions" not in ws.headers
    ws.send("a" * 1000)
    frame = ws.recv_frame()
    ws.close()
    assert (frame.rsv1, frame.data) == (0, b"a" * 1000)


# ---- The closing handshake


def close_frame(payload: bytes) -> bytes:
    return bytes([0x88, 0x80 | len(payload), 0, 0, 0, 0]) + payload


@pytest.mark.parametrize("path", ["/messages", "/echo"])
@pytest.mark.parametrize("payload", [b"", b"\x03\xe8", b"\x03\xe8done", b"\x0f\xa0mine"])
def test_a_client_that_closes_is_answered_and_tcp_ended(lab, path, payload):
    with opened(lab, path) as sock:
        sock.sendall(close_frame(payload))
        answer = read_to_end(sock)
    assert answer[:1] == b"\x88" and answer[1] == len(answer) - 2
    assert answer[2:4] in (payload[:2], b"\x03\xe8", b"")


@pytest.mark.parametrize("answers", [True, False])
def test_a_server_that_closes_ends_tcp_too(lab, answers):
    with opened(lab, "/messages?after=999999") as sock:
        frame = sock.recv(65_536)
        assert frame[:1] == b"\x88" and frame[2:4] == (4410).to_bytes(2)
        if answers:
            sock.sendall(close_frame(frame[2:4]))
        assert read_to_end(sock) == b"", "nothing follows a close frame"


def test_ping_is_answered_by_pong(lab):
    for path in ("/messages", "/echo"):
        with opened(lab, path) as sock:
            sock.sendall(b"\x89\x83\x00\x00\x00\x00abc")
            assert sock.recv(65_536) == b"\x8a\x03abc"


@each
def test_a_server_survives_whoever_hangs_up(lab, transport):
    for _ in range(5):
        connection = lab.connection(transport)
        connection.request("GET", f"/messages?after={newest(lab)}&wait=1", headers=dict(UPGRADE))
        eventually(lambda: lab.status(transport)["requests"] > 0)
        connection.close()
    lab.post("news for nobody")
    eventually(lambda: lab.status(transport)["clients"] == 0)
