"""How a plain Locust run ends: what each process has counted arrives, Locust's files have it, and the summary is said.

Locust gives its workers half a second for their last report. It writes its CSV files about once a second, not at the
end. On a busy machine both leave deliveries out.
"""

import signal
import sys
from typing import Any

import gevent
from gevent.event import Event
from locust import stats
from locust.runners import MasterRunner, WorkerRunner

from loadtests.users.deliveries import print_summary

REPORT_TIMEOUT = 20.0  # seconds for the last report of every worker, and for Locust to write its files
LAST, REPORTED = "lab-last", "lab-reported"  # the master asks for the last report; a worker has sent it


class TimelyWriter(stats.StatsCSVFileWriter):
    """Locust's writer of CSV files, which tells when it has written all of them."""

    written = Event()

    def _exceptions_data_rows(self, csv_writer: Any) -> None:  # the last of the four files
        super()._exceptions_data_rows(csv_writer)
        self.written.set()


class Reports:
    """The master's view of its workers' last reports."""

    def __init__(self, master: MasterRunner) -> None:
        self._master = master
        self._arrived: set[str] = set()
        master.register_message(REPORTED, lambda msg, **_: self._arrived.add(msg.node_id))

    def collect(self) -> None:
        """Have all workers stop their users; return when each has reported, or when one that is gone cannot."""
        asked = self._workers()
        if asked - self._arrived:
            self._master.send_message(LAST)
        with gevent.Timeout(REPORT_TIMEOUT, False):
            while (asked & self._workers()) - self._arrived:
                gevent.sleep(0.01)
            return
        print("a worker did not report its last deliveries: they are missing", file=sys.stderr)
        self._master.environment.process_exit_code = 1

    def _workers(self) -> set[str]:
        return {client.id for client in self._master.clients.all}


def end_in_order(environment: Any) -> None:
    """Let this process take part in an orderly end; called once in each, before a load begins."""
    runner, quitting = environment.runner, environment.events.quitting
    end_main_at_ctrl_c()
    if isinstance(runner, WorkerRunner):
        runner.register_message(LAST, lambda **_: report(runner), concurrent=True)
        quitting.add_listener(lambda **_: report(runner))  # Ctrl-C may reach it before the master does
    elif isinstance(runner, MasterRunner):
        reports, quit_at_once = Reports(runner), runner.quit

        def quit_in_order() -> None:
            reports.collect()
            quit_at_once()

        runner.quit = quit_in_order  # type: ignore[method-assign]
        quitting.add_listener(lambda **_: stop_and_summarise(environment, reports))
    else:
        quitting.add_listener(lambda **_: stop_and_summarise(environment))


def end_main_at_ctrl_c() -> None:
    """Let SIGINT end Locust's main greenlet, which calls this, and no other.

    Python raises KeyboardInterrupt in whichever greenlet runs. One that is being collected, or that handles an error,
    swallows it, and Locust goes on.
    """
    main = gevent.getcurrent()
    gevent.signal_handler(signal.SIGINT, gevent.kill, main, KeyboardInterrupt)


def report(worker: WorkerRunner) -> None:
    """Stop this process's users, send what they counted, and then say so: messages keep their order."""
    worker.stop()
    worker._send_stats()
    worker.send_message(REPORTED)


def stop_and_summarise(environment: Any, reports: Reports | None = None) -> None:
    """Stop the users that remain, let Locust write what they counted, and print the summary."""
    if reports:
        reports.collect()
    environment.runner.stop()
    environment.deliveries.add()
    if environment.parsed_options.csv_prefix:
        TimelyWriter.written.clear()
        TimelyWriter.written.wait(REPORT_TIMEOUT)
    print_summary(environment, environment.generator.merged_tally())
