"""The model objects give what the formulas of `results.model` do."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from results import model
from results.transport_models import MODELS, Setting, mean_s, within_s
from results.transports import WITH_GUESTS

DELAYS, RATES, INTERVALS = some.floats(1e-3, 1.0), some.floats(1e-2, 100.0), some.floats(0.05, 10.0)
HEADS = model.Heads(request=500, empty_response=80, response=120)


def test_each_transport_has_one():
    assert tuple(MODELS) == WITH_GUESTS


@given(DELAYS, RATES, INTERVALS, some.sampled_from(list(model.TURNAROUND_TRANSITS)))
def test_means_are_the_formulas(one_way, rate, interval, connection):
    setting = Setting(one_way, rate, interval, 25.0, connection)
    assert mean_s("websocket", setting) == model.websocket_mean(one_way)
    assert mean_s("polling", setting) == pytest.approx(model.polling_mean(one_way, interval, connection))
    assert mean_s("long-polling", setting) == pytest.approx(model.long_polling_mean(one_way, rate, 25.0, connection))


@given(DELAYS, RATES, INTERVALS)
def test_requests_and_overhead_are_the_formulas(one_way, rate, interval):
    setting = Setting(one_way, rate, interval, 25.0, heads=HEADS, payload_bytes=142)
    assert MODELS["polling"].requests(setting) == model.polls_per_message(rate, interval)
    assert MODELS["long-polling"].requests(setting) == model.responses_per_message(one_way, rate, 25.0)
    assert MODELS["websocket"].requests(setting) == 0
    assert MODELS["polling"].overhead(setting) == model.polling_overhead(rate, interval, HEADS)
    assert MODELS["long-polling"].overhead(setting) == model.long_polling_overhead(one_way, rate, 25.0, HEADS)
    assert MODELS["websocket"].overhead(setting) == model.websocket_overhead_with_pings(rate, 142)


@given(DELAYS, RATES, INTERVALS, some.floats(0.01, 1.0))
def test_what_a_part_does_not_exceed_lies_between_the_transit_and_the_worst(one_way, rate, interval, part):
    setting, worst = Setting(one_way, rate, interval, 25.0), {"websocket": one_way}
    worst |= {"polling": model.polling_worst(one_way, interval), "long-polling": model.long_polling_worst(one_way)}
    worst |= {"server-sent-events": one_way}
    for name in WITH_GUESTS:
        assert one_way <= within_s(name, setting, part) <= worst[name] * (1 + 1e-9)
        assert within_s(name, setting, 1.0) == pytest.approx(worst[name])


def test_without_heads_http_has_no_overhead_to_tell():
    with pytest.raises(model.ModelError, match="needs the bytes of its heads"):
        MODELS["polling"].overhead(Setting(poll_interval_s=1.0))
