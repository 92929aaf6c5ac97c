"""Which Host a request may name, by RFC 3986 and RFC 9112; what a refusal says."""

import ipaddress
import string
from urllib.parse import urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as some
from werkzeug.exceptions import BadRequest, Forbidden

from servers.app.access import check

UNRESERVED, SUB_DELIMS = string.ascii_letters + string.digits + "-._~", "!$&'()*+,;="
NAMES = some.text(some.sampled_from(UNRESERVED + SUB_DELIMS), min_size=1, max_size=20)
PORTS = some.just("") | some.integers(0, 65_535).map(lambda port: f":{port}")
ADDRESSES = some.ip_addresses(v=4).map(str) | some.ip_addresses(v=6).map(lambda address: f"[{address}]")


def asked(host=None, *, version="HTTP/1.1", query="", origin=None, method="GET", token=None):
    environ = {"REQUEST_METHOD": method, "SERVER_PROTOCOL": version, "QUERY_STRING": query}
    environ |= {name: value for name, value in (("HTTP_HOST", host), ("HTTP_ORIGIN", origin)) if value is not None}
    check(environ, token)


@given(NAMES | ADDRESSES, PORTS)
def test_with_a_token_any_host_is_fine(name, port):
    asked(f"{name}{port}", query="token=abc", token="abc")


@pytest.mark.parametrize("host", ["my_app:6171", "lab", "a.b-c_d~e", "xn--grn-hoa.example", "caf%C3%A9.example"])
def test_with_a_token_a_proxys_own_names_are_fine(host):
    asked(host, query="token=abc", token="abc")


@given(ADDRESSES, PORTS)
def test_without_a_token_addresses_are_answered(address, port):
    assume(not urlsplit(f"//{address}").hostname.startswith("fe80"))
    asked(f"{address}{port}")


@given(NAMES, PORTS)
def test_without_a_token_no_name_is_answered_and_the_refusal_repeats_it(name, port):
    assume(name.lower() != "localhost" and not is_address(name))
    with pytest.raises(Forbidden) as refused:
        asked(f"{name}{port}")
    assert repr(f"{name}{port}") in refused.value.description
    assert "answers to localhost and to IP addresses" in refused.value.description


def is_address(name):
    try:
        return bool(ipaddress.ip_address(name))
    except ValueError:
        return False


@given(some.text(min_size=1, max_size=12).filter(lambda text: not set(text) <= set(UNRESERVED + SUB_DELIMS + ":%[]")))
def test_what_is_no_host_is_malformed(host):
    for token in (None, "abc"):
        with pytest.raises(BadRequest, match="Host is malformed"):
            asked(host, query="token=abc", token=token)


def test_http_1_0_needs_no_host_and_http_1_1_does():
    asked(version="HTTP/1.0")
    asked(version="HTTP/1.0", query="token=abc", token="abc")
    with pytest.raises(BadRequest, match="Host is missing"):
        asked()
    with pytest.raises(Forbidden, match="token"):
        asked(version="HTTP/1.0", token="abc")


def test_a_refused_origin_names_both_and_what_a_proxy_must_do():
    with pytest.raises(Forbidden) as refused:
        asked("127.0.0.1:5001", origin="http://lab.example", method="POST")
    words = refused.value.description
    assert "'http://lab.example'" in words and "'127.0.0.1:5001'" in words and "must forward Host" in words


def test_a_long_field_is_not_repeated_whole():
    with pytest.raises(Forbidden) as refused:
        asked("x" * 30_000)
    assert len(refused.value.description) < 300
