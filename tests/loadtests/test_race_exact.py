"""The race against a capture and against the model: its bytes are those on the wire, its latencies those expected."""

import pytest
from tools.browser import chromium, demonstrating, frame_of, looking
from tools.capture import capturing
from tools.lab import eventually, needs

pytestmark = pytest.mark.alone

TITLES = {"polling": "Polling", "long-polling": "Long polling", "websocket": "WebSocket"}
WITHIN_MS, WITHIN = 20, 0.1
MESSAGES = 300  # waits for the next poll are uniform over 2 s: so many have a mean within 105 ms 499 times in 500
OPTIONS = ["--rtt", "100", "--rate", "15", "--poll-interval", "2"]


def measured(page, transport):
    """How many messages a lane has had, and their mean latency in ms, not rounded."""
    count = int(frame_of(page, TITLES[transport]).inner_text("#messages").replace(",", ""))
    mean = frame_of(page, TITLES[transport]).inner_text("#mean").removesuffix(" ms").replace(",", "")
    return count, float(mean)


@pytest.mark.timeout(200)
def test_means_are_in_order_and_near_the_model_and_bytes_equal_a_capture():
    needs("tshark")
    with chromium() as browser, demonstrating(*OPTIONS) as demo:
        ports = demo.lanes()
        with capturing(*ports.values()) as capture:
            with looking(browser, demo.url, reduced_motion="reduce") as page:
                eventually(lambda: all(frame_of(page, title).inner_text("#state") == "connected"
                                       for title in TITLES.values()))  # fmt: skip
                eventually(lambda: measured(page, "websocket")[0] >= MESSAGES, 60)
                means = {name: measured(page, name)[1] for name in TITLES}
                model = {name: lane["model"]["latency_ms"] for name, lane in demo.shown()["lanes"].items()}
            eventually(lambda: all(lane["tap"]["connections"] == 0 for lane in demo.shown()["lanes"].values()))
            taps = {name: lane["tap"] for name, lane in demo.shown()["lanes"].items()}
    assert means["websocket"] < means["long-polling"] < means["polling"]
    for name, mean in means.items():
        assert abs(mean - model[name]) <= max(WITHIN_MS, WITHIN * model[name]), (name, mean, model[name])
    for name, port in ports.items():
        on_the_wire = capture.bytes_of(lambda source, to, port=port: port in (source, to))
        tap = taps[name]
        assert sum(tap["bytes"].values()) + tap["page_bytes"] == tap["wire"] == on_the_wire, name
