"""The ledger against h11 and wsproto: the same bytes, written and read by them, counted the same."""

import random
from collections import Counter

import h11
import pytest
import wsproto
from tools.booking import Piece, booked
from wsproto import ConnectionType
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Ping, Request, TextMessage

from clients.ledger import Ledger

# ---- Oracles: the same bytes, written and read by h11 and wsproto


def answer_written_by_h11(chance: random.Random, client: h11.Connection) -> tuple[list[Piece], Counter[str]]:
    """A poll and its answer with a random body, in chunks or of a stated length; and what is in it, counted by h11."""
    server, sums = h11.Connection(h11.SERVER), Counter()
    host = ("Host", "x" * chance.randrange(1, 99))
    asked = client.send(h11.Request(method="GET", target="/messages", headers=[host]))
    server.receive_data(asked)
    assert isinstance(server.next_event(), h11.Request)
    client.send(h11.EndOfMessage())
    lines = [b'"%b"\n' % (b"x" * chance.randrange(2000)) for _ in range(chance.randrange(1, 5))]
    chunked = chance.random() < 0.5
    length = ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(sum(map(len, lines))))
    head = server.send(h11.Response(status_code=200, headers=[("Content-Type", "application/x-ndjson"), length]))
    body = b"".join(server.send(h11.Data(data=line)) for line in lines) + server.send(h11.EndOfMessage())
    client.receive_data(head + body)
    assert isinstance(client.next_event(), h11.Response)
    content = 0
    while isinstance(event := client.next_event(), h11.Data):
        content += len(event.data)
    assert isinstance(event, h11.EndOfMessage)
    client.start_next_cycle()
    sums.update(request_head=len(asked), response_head=len(head), payload=content - len(lines))
    sums.update(framing=len(body) - content + len(lines), wire_sent=len(asked), wire_received=len(head + body))
    return [("sent", asked), ("received", head + body)], sums


def in_random_pieces(chance: random.Random, pieces: list[Piece]) -> list[Piece]:
    cut: list[Piece] = []
    for way, data in pieces:
        while data:
            size = chance.randrange(1, 1500)
            cut.append((way, data[:size]))
            data = data[size:]
    return cut


@pytest.mark.parametrize("seed", range(20))
def test_h11_counts_the_same(seed):
    chance, client = random.Random(seed), h11.Connection(h11.CLIENT)
    pieces: list[Piece] = []
    sums: Counter[str] = Counter()
    for _ in range(10):
        more, counted = answer_written_by_h11(chance, client)
        pieces += more
        sums += counted
    assert booked(in_random_pieces(chance, pieces)) == Ledger(**sums)


def frame_sizes(size: int, masked: bool) -> int:
    """RFC 6455 section 5.2: 2 to 14 bytes stand before the payload."""
    return 2 + (0 if size < 126 else 2 if size < 65_536 else 8) + (4 if masked else 0)


@pytest.mark.parametrize("seed", range(20))
def test_wsproto_counts_the_same(seed):
    chance = random.Random(seed)
    client, server = (wsproto.WSConnection(side) for side in (ConnectionType.CLIENT, ConnectionType.SERVER))
    asked = client.send(Request(host="x", target="/messages"))
    server.receive_data(asked)
    assert [type(event) for event in server.events()] == [Request]
    answered = server.send(AcceptConnection())
    client.receive_data(answered)
    assert [type(event) for event in client.events()] == [AcceptConnection]
    pieces: list[Piece] = [("sent", asked), ("received", answered)]
    sums = Counter(handshake=len(asked + answered), payload=0, framing=0)
    for _ in range(30):
        way, writer, reader = chance.choice([("sent", client, server), ("received", server, client)])
        size = chance.choice([0, 1, 125, 126, 65_535, 65_536, chance.randrange(300), chance.randrange(70_000)])
        data = chance.randbytes(size)
        match chance.randrange(4):
            case 0:
                frame = writer.send(Ping(payload=data[:125]))
                sums["framing"] += len(frame)
                assert len(frame) == min(size, 125) + frame_sizes(min(size, 125), way == "sent")
            case 1:
                frame = writer.send(TextMessage(data="x" * size))
                sums.update(payload=size, framing=frame_sizes(size, way == "sent"))
            case _:
                frame = writer.send(BytesMessage(data=data, message_finished=True))
                sums.update(payload=size, framing=frame_sizes(size, way == "sent"))
        reader.receive_data(frame)
        list(reader.events())
        pieces.append((way, frame))
    for way, writer in (("received", server), ("sent", client)):
        frame = writer.send(CloseConnection(code=1000, reason="done"))
        (client if way == "received" else server).receive_data(frame)
        list((client if way == "received" else server).events())
        sums["framing"] += len(frame)
        pieces.append((way, frame))
    for way in ("sent", "received"):
        sums[f"wire_{way}"] = sum(len(data) for side, data in pieces if side == way)
    ledger = booked(in_random_pieces(chance, pieces))
    assert ledger == Ledger(**sums)
    assert ledger.difference == 0
