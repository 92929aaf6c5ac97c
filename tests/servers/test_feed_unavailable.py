"""A feed that cannot be reached: 503 with Retry-After, or close code 1013; and the server goes on."""

import pytest
import requests
from tools.lab import HTTP, WAIT, script_of, serving
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

pytestmark = pytest.mark.starts

AWAY = script_of("class Feed(MemoryFeed):", "    def after(self, *arguments, **options):",
                 "        raise FeedUnavailable", "feed = Feed()")  # fmt: skip


@pytest.fixture(scope="module")
def away():
    with serving(script=AWAY) as servers:
        yield servers


@pytest.mark.parametrize("transport", HTTP)
def test_a_reader_is_asked_to_try_again(away, transport):
    response = requests.get(away.url(transport) + "/messages?after=0", timeout=WAIT)
    assert response.status_code == 503 and response.headers["Retry-After"] == "1"
    assert response.json()["detail"] == "the feed cannot be reached; try again"
    assert away.status(transport)["clients"] == 0


def test_a_websocket_is_closed_with_1013(away):
    with connect(away.url("websocket") + "/messages?after=0") as ws, pytest.raises(ConnectionClosed) as ended:
        ws.recv(timeout=WAIT)
    assert ended.value.rcvd is not None and ended.value.rcvd.code == 1013
