"""Malformed requests, and what /status says."""

import re

import pytest
from tools.lab import eventually
from tools.readers import reading
from tools.wire import each, is_problem

pytestmark = pytest.mark.starts

MIB = 1024 * 1024


# ---- Malformed questions


@each
@pytest.mark.parametrize("after", [
    "", "-1", "+1", "1.5", "x", " 1", "1 ", "1e3", "0x1", "1_0", "٣", "٣1", "²", "1\n", "null", "1" * 400,
    ["1", "1"], ["1", "2"],
], ids=ascii)
def test_malformed_after_is_400(lab, transport, after):
    assert is_problem(lab.ask(transport, after=after), 400)


@each
@pytest.mark.parametrize("wait", [
    "", "-1", "-0", "+1", "61", "60.000000001", "nan", "x", " 1", "1 ", "1e1", "1.", ".5", "٣", "1,5", "0x1", "600",
    ["1", "1"],
], ids=ascii)
def test_malformed_wait_is_400(lab, transport, wait):
    assert is_problem(lab.ask(transport, after=0, wait=wait), 400)


@each
def test_epoch_twice_is_400(lab, transport):
    assert is_problem(lab.ask(transport, epoch=["a", "a"]), 400)


@each
@pytest.mark.parametrize("after", [0, "00", "000"])
def test_well_formed_questions_are_answered(lab, transport, after):
    lab.post("something")
    assert lab.ask(transport, after=after, wait="0.25", unknown="ignored").status == (
        101 if transport == "websocket" else 200
    )


# ---- Status


@each
def test_status_has_its_members(lab, transport):
    answer = lab.request(transport, "GET", "/status")
    assert (answer.status, answer.fields["Content-Type"]) == (200, "application/json")
    kinds = {
        "transport": str, "epoch": str, "oldest": int, "newest": int, "clients": int, "requests": int,
        "deliveries": int, "publisher_late_p99_ms": float, "uptime_s": float, "cpu_s": float, "rss_bytes": int,
        "versions": dict,
    }
    assert {name: type(value) for name, value in answer.json.items()} == kinds
    assert answer.json["transport"] == transport
    assert answer.json["epoch"] == lab.status("polling")["epoch"]
    assert 0 < answer.json["cpu_s"] and 10 * MIB < answer.json["rss_bytes"] < 4096 * MIB
    assert {"python", "flask", "flask-sock", "simple-websocket", "gevent"} <= answer.json["versions"].keys()
    assert all(re.match(r"\d+\.\d+", version) for version in answer.json["versions"].values())


@each
def test_status_counts_clients_requests_and_deliveries(new, transport):
    before = new.status(transport)
    with reading(new, transport) as reader:
        if transport != "polling":
            assert new.status(transport)["clients"] == 1
        new.post("one")
        new.post("two")
        reader.read(2)
    eventually(lambda: new.status(transport)["clients"] == 0 or new.post("let go"))
    after = new.status(transport)
    assert after["deliveries"] - before["deliveries"] >= 2
    assert after["requests"] > before["requests"]
    assert after["newest"] - before["newest"] >= 2 and after["oldest"] == 1
    assert after["uptime_s"] > before["uptime_s"]
