"""Deliveries as Locust shows them: rows of its table, and what it cannot say, at the end."""

import sys
from typing import Any

import gevent
from locust.stats import StatsEntry

from clients.ledger import HEADINGS
from loadtests.runs.tally import Tally
from loadtests.runs.validity import clocks_differ


class DeliveryTable:
    """Deliveries for Locust's table, added to it once a second as a worker's report is: half of what `fire` takes."""

    def __init__(self, environment: Any) -> None:
        self._stats = environment.stats
        self._rows: dict[tuple[str, str], StatsEntry] = {}
        environment.events.test_stop.add_listener(lambda **_: self.add())
        gevent.spawn(self._keep_adding)

    def row(self, transport: str, name: str = "delivery") -> StatsEntry:
        """The row of a transport's deliveries, or of what else is named: an echo is no delivery."""
        return self._rows.setdefault((transport, name), StatsEntry(self._stats, name, transport))

    def add(self) -> None:
        for (transport, name), row in self._rows.items():
            if row.num_requests:
                self._stats.get(name, transport).extend(row)
                self._stats.total.extend(row)
                row.reset()

    def _keep_adding(self) -> None:
        while True:
            gevent.sleep(1)
            self.add()


def print_summary(environment: Any, tally: Tally) -> None:
    """Print what Locust's own table cannot say; a message lost or repeated fails the run."""
    options = environment.parsed_options
    told = sys.stderr if options.json or options.json_file else sys.stdout  # Locust's JSON has standard output alone
    if tally.deliveries:
        print(summary(tally), file=told)
    if tally.before_publication:
        print(f"{clocks_differ(tally)}: the latencies are wrong", file=sys.stderr)
    if tally.lost or tally.duplicated or tally.out_of_order or tally.before_publication:
        environment.process_exit_code = 1


def summary(tally: Tally) -> str:
    """Latency from exact samples, and the ledger."""
    histogram = tally.histogram()
    within = {percent: histogram.get_value_at_percentile(percent) / 1000 for percent in (50, 90, 99, 99.9)}
    latency = ", ".join(f"p{percent:g} {ms:.2f}" for percent, ms in within.items())
    each = ", ".join(f"{h.replace('_', ' ')} {getattr(tally.ledger, h) / tally.deliveries:,.1f}" for h in HEADINGS)
    checked = f"{tally.lost} lost, {tally.duplicated} repeated, {tally.out_of_order} out of order"
    return (
        f"{tally.deliveries:,} deliveries, {checked}, {tally.failures} failures\n"
        f"delivery latency, ms: {latency}, max {histogram.get_max_value() / 1000:.2f}\n"
        f"wire bytes per delivery: {tally.ledger.wire / tally.deliveries:,.1f} ({each})\n"
        f"wire bytes to join, beside these: {tally.joining.wire / max(tally.clients, 1):,.1f} a client"
    )
