"""What a client makes of 502, 503 and 504, of bodies that are no problem, and of frames that a buffer cuts in two."""

import socket
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from websockets.sync.server import ServerConnection, serve

from clients import polling
from clients.connection import websocket
from clients.connection.response import messages_in, refusal, seconds_of
from clients.connection.websocket import LARGEST_MESSAGE, WebSocketConnection
from clients.cursor import Cursor
from clients.delivery import Disconnected
from clients.errors import BrokenFeed, ConnectionLost, Refused, ServerMissing, ServerUnavailable
from clients.ledger import Ledger
from clients.resuming import resuming

PAGE = b"<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body>nginx</body></html>\r\n"


@pytest.mark.parametrize("status", [502, 503, 504])
def test_what_a_proxy_answers_is_for_now(status):
    with pytest.raises(ServerUnavailable) as caught:
        messages_in(status, PAGE, retry_after="7")
    assert caught.value.retry_after == 7.0 and "<" not in str(caught.value)
    assert isinstance(caught.value, ConnectionLost), "so that whoever waits for a lost connection waits for it too"


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (504, PAGE, "the server answers 504: Gateway Timeout"),
        (404, PAGE, "the server answers 404: Not Found"),
        (400, b'{"detail":"after is malformed"}', "the server answers 400: after is malformed"),
        (429, b"too many, says a proxy", "the server answers 429: too many, says a proxy"),
        (500, b"", "the server answers 500: Internal Server Error"),
        (799, b"", "the server answers 799: a status that no standard has"),
    ],
)
def test_an_error_is_said_without_the_page_it_comes_with(status, body, words):
    assert str(refusal(status, body)) == words


def test_retry_after_is_a_number_or_a_date():
    soon = datetime.now(UTC) + timedelta(seconds=90)
    assert seconds_of("120") == 120.0
    assert seconds_of(format_datetime(soon, usegmt=True)) == pytest.approx(90, abs=2)
    for nothing in (None, "", "soon", "-5", "Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 99 Oct 2015"):
        assert seconds_of(nothing) == 0.0


def test_retry_after_lengthens_the_wait_and_nothing_is_repeated(monkeypatch):
    slept, said, answers = [], [], iter([ServerUnavailable("503", 5.0), ServerUnavailable("503"), None])
    monkeypatch.setattr("clients.resuming.time.sleep", slept.append)

    def session(cursor: Cursor):
        if (error := next(answers)) is not None:
            raise error
        cursor.learn("e", 0)
        yield from cursor.deliver([b'{"seq":1,"published_at":1.0,"data":0}'], 2.0, 50)

    (delivery,) = (next(resuming(session, Cursor(0), print, 60.0, said.append)),)
    assert delivery.seq == 1 and slept == [5.0, 0.2]
    assert [type(each) for each in said].count(Disconnected) == 1


def test_a_proxy_that_never_has_a_server_is_given_up_after_patience():
    def session(_: Cursor):
        raise ServerUnavailable("the server answers 502: Bad Gateway")
        yield

    with pytest.raises(ServerMissing, match=r"nobody answers \(the server answers 502: Bad Gateway\)$"):
        next(resuming(session, Cursor(), print, 0.2))


def test_no_words_of_a_library_in_a_message():
    """A server that answers nothing, half a head, or what is not HTTP."""
    for answer in (b"", b"HTTP/1.1 200 OK\r\nContent-Len", b"220 mail.example ESMTP\r\n\r\n"):
        with Listening(answer) as url, pytest.raises((ServerMissing, Refused)) as caught:
            next(polling.follow(url, 0, patience=0.1))
        assert not any(word in str(caught.value) for word in ("event", "role", "ConnectionClosed", "h11", "illegal"))


class Listening:
    """A server that answers each connection with the same bytes, and ends it."""

    def __init__(self, answer: bytes) -> None:
        self._listener, self._answer = socket.create_server(("127.0.0.1", 0)), answer
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with sock:
                sock.recv(65_536)
                sock.sendall(self._answer)

    def __enter__(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def independent():
    """A server of the websockets library, whose handler a test sets."""
    handlers = []
    options = {"max_size": None, "compression": None, "ping_interval": None}
    with serve(lambda ws: handlers[0](ws), "127.0.0.1", 0, **options) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}", handlers.append
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("size", "fits"), [(LARGEST_MESSAGE, True), (LARGEST_MESSAGE + 1, False)])
def test_a_message_of_16_mib_is_taken_and_one_byte_more_is_not(independent, size, fits):
    url, handle = independent
    handle(lambda ws: ws.send("x" * size))
    with WebSocketConnection(url, "/messages", Ledger()) as connection:
        if fits:
            (message,), _ = next(connection.messages())
            assert len(message) == size
        else:
            with pytest.raises(BrokenFeed):
                next(connection.messages())


def test_a_frame_that_a_full_buffer_cuts_in_two_is_sent_whole_before_the_next(independent):
    """A socket that does not wait, and a reader that pauses: frames arrive as they were sent, and all are booked."""
    url, handle = independent
    sent, came, read_on = [f"{number} " + "x" * 300_000 for number in range(40)], [], threading.Event()

    def reader(ws: ServerConnection) -> None:
        read_on.wait(20)
        came.extend(ws.recv() for _ in sent)
        ws.send("all")

    handle(reader)
    ledger = Ledger()
    with WebSocketConnection(url, "/messages", ledger) as connection:
        connection.socket.settimeout(0)
        for text in sent:
            connection.send(text)
        assert connection.unsent, "the buffer was large enough for all of it"
        read_on.set()
        connection.socket.settimeout(websocket.SILENCE)
        connection.flush()
        assert not connection.unsent and next(connection.messages())[0] == [b"all"]
    assert came == sent and ledger.difference == 0
    assert ledger.payload >= sum(map(len, sent))
