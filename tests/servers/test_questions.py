"""Questions and their answers, row by row of the contract, read by clients that are not this project's."""

import json
import re
import time
from urllib.parse import urlencode

import pytest
from tools.lab import HTTP, TRANSPORTS, WAIT, Lab, answer_to, eventually, script_of, serving
from tools.readers import reading
from tools.wire import PROBLEM, each, each_http, is_problem, newest, raw_exchange

from servers.app.query import LONGEST_KEPT, parse_query, parsed_before
from servers.feed import MemoryFeed
from servers.serving.transports import TRANSPORTS as ROWS

pytestmark = pytest.mark.starts
NDJSON = "application/x-ndjson"
SHORT_FEED = script_of("feed = MemoryFeed(history=5)", "for number in range(1, 9): feed.publish(number)")


@pytest.fixture(scope="module")
def short():
    """Servers of one feed that came to 8 and keeps 4 to 8."""
    with serving(script=SHORT_FEED) as servers:
        yield servers


# ---- One feed, one encoding


DATA = [None, True, -1.5, "", "tick", "zürich €\U0001f30d", 'quote " and \\ and \n', [1, [2]], {"b": {"ä": []}, "a": 1}]


def test_a_message_is_the_same_bytes_on_all_three(lab):
    after = newest(lab)
    posted = [lab.post(data, HTTP[number % 2]) for number, data in enumerate(DATA)]
    for transport in TRANSPORTS:
        with reading(lab, transport, after=after) as reader:
            assert reader.read(len(DATA)) == posted
    assert [json.loads(message)["data"] for message in posted] == DATA
    assert [json.loads(message)["seq"] for message in posted] == list(range(after + 1, after + 1 + len(DATA)))
    assert all(b", " not in message and b'": ' not in message for message in posted)
    assert "zürich €\U0001f30d".encode() in posted[5]


def test_a_message_states_the_actual_moment_of_its_publication(lab):
    before = time.time()
    message = lab.post("now")
    assert re.fullmatch(rb'\{"seq":\d+,"published_at":\d{10}\.\d{6},"data":"now"\}', message)
    assert before - 1e-6 <= json.loads(message)["published_at"] <= time.time()


@each
def test_without_after_a_reader_gets_what_comes_from_now_on(lab, transport):
    lab.post("before")
    with reading(lab, transport) as reader:
        posted = [lab.post("first"), lab.post("second")]
        assert reader.read(2) == posted


@each
def test_readers_follow_message_by_message(lab, transport):
    with reading(lab, transport, after=newest(lab)) as reader:
        for number in range(5):
            posted = lab.post(number)
            assert reader.read(1) == [posted]


# ---- Answers over HTTP


@each_http
def test_200_is_a_message_a_line(lab, transport):
    after = newest(lab)
    posted = [lab.post("one"), lab.post("two")]
    answer = lab.ask(transport, after=after)
    assert (answer.status, answer.fields["Content-Type"]) == (200, NDJSON)
    assert answer.body == posted[0] + b"\n" + posted[1] + b"\n"


@each_http
def test_204_has_neither_body_nor_media_type(lab, transport):
    answer = lab.ask(transport, after=newest(lab), wait=0)
    assert (answer.status, answer.body, answer.fields["Content-Type"]) == (204, b"", None)


@each_http
@pytest.mark.parametrize("empty", [True, False])
def test_an_answer_tells_of_the_feed_what_the_question_did_not(lab, transport, empty):
    lab.post("something")
    status = lab.status(transport)
    epoch, seq = status["epoch"], status["newest"]
    after = seq if empty else seq - 1

    def told(**query: object) -> tuple[int, str | None, str | None]:
        answer = lab.ask(transport, wait=0, **query)
        return answer.status, answer.fields["Feed-Epoch"], answer.fields["Feed-Newest"]

    code = 204 if empty else 200
    assert told() == (204, epoch, str(seq))
    assert told(epoch=epoch) == (204, None, str(seq))
    assert told(after=after) == (code, epoch, None)
    assert told(after=after, epoch=epoch) == (code, None, None)
    assert told(after=seq + 1) == (410, epoch, None)
    assert told(after=seq + 1, epoch=epoch) == (410, None, None)


def test_from_now_on_a_held_question_is_told_the_message_it_was_answered_with(lab):
    connection = lab.connection("long-polling")
    before = lab.status("long-polling")["requests"]
    connection.request("GET", "/messages")
    eventually(lambda: lab.status("long-polling")["requests"] > before)
    seq = json.loads(lab.post("news"))["seq"]
    answer = answer_to(connection)
    connection.close()
    assert (answer.json["seq"], answer.fields["Feed-Newest"]) == (seq, str(seq))


@each_http
def test_connections_persist(lab, transport):
    connection, ports = lab.connection(transport), set()
    statuses = []
    for number in range(20):
        connection.request("GET", f"/messages?after={10**9 if number == 7 else newest(lab)}&wait=0")
        ports.add(connection.sock.getsockname()[1])
        statuses.append(answer_to(connection).status)
    connection.close()
    assert statuses == [204] * 7 + [410] + [204] * 12
    assert len(ports) == 1


@each_http
@pytest.mark.parametrize("target", ["/messages?after=0&wait=0", "/status"])
def test_head_is_get_without_the_body(lab, transport, target):
    answer = lab.request(transport, "HEAD", target)
    assert (answer.status, answer.body) == (200, b"")


@each_http
def test_another_method_is_405(lab, transport):
    answer = lab.request(transport, "DELETE", "/messages")
    assert is_problem(answer, 405)
    assert {"GET", "POST"} <= set(answer.fields["Allow"].split(", "))


@each
def test_an_unknown_path_is_404(lab, transport):
    assert is_problem(lab.request(transport, "GET", "/nothing"), 404)


@each
def test_a_missing_host_is_400(lab, transport):
    answer = raw_exchange(lab, transport, b"GET /status HTTP/1.1\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert f"Content-Type: {PROBLEM}".encode() in answer


# ---- Holding


def test_polling_answers_at_once_whatever_the_wait(lab):
    began = time.monotonic()
    assert lab.ask("polling", after=newest(lab), wait=60).status == 204
    assert time.monotonic() - began < WAIT


@pytest.mark.parametrize("query", [{"wait": 60}, {"wait": "60.0"}, {}], ids=str)
def test_a_held_question_is_answered_as_soon_as_there_is_a_message(lab, query):
    connection = lab.connection("long-polling")
    connection.request("GET", f"/messages?{urlencode(query | {'after': newest(lab)})}")
    eventually(lambda: lab.status("long-polling")["clients"] == 1)
    posted = lab.post("news")
    answer = answer_to(connection)  # within WAIT, less than the wait asked for
    connection.close()
    assert (answer.status, answer.body) == (200, posted + b"\n")


@pytest.mark.parametrize("wait", [0, "0.5", 1])
def test_a_question_is_held_as_long_as_it_says(lab, wait):
    began = time.monotonic()
    assert lab.ask("long-polling", after=newest(lab), wait=wait).status == 204
    assert float(wait) - 0.01 <= time.monotonic() - began < float(wait) + 5


def test_a_question_is_held_25_seconds_unless_it_says_otherwise():
    assert parse_query(b"after=0").wait == 25


def test_only_short_queries_are_remembered():
    """Else clients could fill the memory: a head may have 32 KiB."""
    before = parsed_before.cache_info().currsize
    for number in range(10):
        parse_query(b"after=0&epoch=" + b"x" * LONGEST_KEPT + b"%d" % number)
    assert parsed_before.cache_info().currsize == before


# ---- Outside of history


def stands(lab: Lab, **query: object) -> list[bytes]:
    """What each transport says of the feed instead of answering."""
    said = []
    for transport in TRANSPORTS:
        with reading(lab, transport, **query) as reader:
            said.append(reader.gone())
    return said


@pytest.mark.parametrize("query", [
    {"after": 2}, {"after": 0}, {"after": 9}, {"after": 999_999_999_999_999_999}, {"after": 8, "epoch": "another"},
    {"after": 8, "epoch": ""}, {"epoch": "another"}, {"after": 2, "wait": 60},
], ids=str)
def test_outside_of_history_all_three_say_the_same(short, query):
    said = stands(short, **query)
    assert said == [said[0]] * 3
    problem = json.loads(said[0])
    assert (problem["oldest"], problem["newest"], problem["status"]) == (4, 8, 410)
    assert problem["epoch"] == short.status("polling")["epoch"]
    assert len(said[0]) <= 123, "the reason of a close has no more room (RFC 6455 section 5.5)"


def test_an_empty_feed_says_oldest_1_newest_0(new):
    for said in stands(new, after=1):
        assert (json.loads(said)["oldest"], json.loads(said)["newest"]) == (1, 0)


@each
def test_from_oldest_less_one_a_reader_goes_on(short, transport):
    with reading(short, transport, after=0) as reader:
        oldest = json.loads(reader.gone())["oldest"]
    with reading(short, transport, after=oldest - 1) as reader:
        assert [json.loads(message)["data"] for message in reader.read(5)] == [4, 5, 6, 7, 8]


@each
def test_a_feed_keeps_10_000_messages(transport):
    feed = MemoryFeed()
    for number in range(10_001):
        feed.publish(number)
    assert (feed.oldest, feed.newest) == (2, 10_001)
    if transport in HTTP:
        client = ROWS[transport].create_app(feed).test_client()
        assert client.get("/messages?after=0").json == {
            "title": "Gone", "status": 410, "oldest": 2, "newest": 10_001, "epoch": feed.epoch,
        }
        assert len(client.get("/messages?after=1").data.splitlines()) == 10_000
