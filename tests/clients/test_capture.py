"""The ledger against a packet capture: what the client counts is what passed on the wire, to the byte."""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice

import pytest
from tools.capture import capturing, covered
from tools.lab import WITH_GUESTS, needs, serving

from clients import long_polling, polling, server_sent_events, websocket
from clients.delivery import Delivery
from clients.ledger import Ledger

pytestmark = pytest.mark.starts

FOLLOW: dict[str, Callable[..., Iterator[Delivery]]] = {
    "polling": partial(polling.follow, interval=0.1),
    "long-polling": long_polling.follow,
    "websocket": websocket.follow,
    "server-sent-events": server_sent_events.follow,
}


def test_what_was_sent_twice_counts_once():
    assert covered([(10, 20), (10, 20), (15, 25), (25, 30), (40, 41)]) == 21


@pytest.mark.parametrize("tls", [[], ["--tls"]], ids=["plain", "tls"])
@pytest.mark.parametrize("transport", WITH_GUESTS)
def test_the_ledger_and_the_kernel_equal_the_capture(transport, tls):
    needs("tshark")
    ledger, source = Ledger(), ["--source", "clock", "--rate", "50", "--count", "60"]
    with serving(transport, "--port", "0", *source, *tls, transports=(transport,)) as servers:
        port = servers.ports[transport]
        with capturing(port) as capture:
            following = FOLLOW[transport](servers.url(transport), 0, ledger=ledger, trust=servers.trust)
            assert len(list(islice(following, 60))) == 60, "all there are: nothing is under way at the end"
            following.close()
    sent = capture.bytes_of(lambda _, destination: destination == port)
    received = capture.bytes_of(lambda source, _: source == port)
    assert (ledger.wire_sent, ledger.wire_received) == (sent, received)
    assert ledger.difference == 0 and sent > 0 and received > 50 * 142
    if sys.platform == "linux":
        assert (ledger.kernel_sent, ledger.kernel_received) == (sent, received)
