"""The load: a Locust user for each transport, whose "requests" are deliveries; and others that send.

Response time is delivery latency. Response length is the wire bytes, both ways, since the delivery before. The users
are in `loadtests/users`. This file shows them to Locust, adds the lab's options, and merges the tallies of processes.
"""

import os
import sys
from typing import Any

import gevent
from locust import events, stats
from locust.runners import WorkerRunner

from clients.errors import Refused
from loadtests.users.control import end_with_parent, follow_commands, watch_workers
from loadtests.users.deliveries import DeliveryTable
from loadtests.users.duplex import LongPollingDuplexUser as LongPollingDuplexUser
from loadtests.users.duplex import PollingDuplexUser as PollingDuplexUser
from loadtests.users.duplex import WebSocketDuplexUser as WebSocketDuplexUser
from loadtests.users.ending import TimelyWriter, end_in_order
from loadtests.users.exchange import HttpEchoUser as HttpEchoUser
from loadtests.users.exchange import HttpPostUser as HttpPostUser
from loadtests.users.exchange import WebSocketEchoUser as WebSocketEchoUser
from loadtests.users.exchange import WebSocketPostUser as WebSocketPostUser
from loadtests.users.generator import Generator
from loadtests.users.http import LongPollingUser as LongPollingUser
from loadtests.users.http import PollingUser as PollingUser
from loadtests.users.options import add_options, check, check_page, check_served, not_served, tell_in_a_line
from loadtests.users.server_sent_events import ServerSentEventsUser as ServerSentEventsUser
from loadtests.users.websocket import WebSocketUser as WebSocketUser


@events.init_command_line_parser.add_listener
def begin(parser: Any) -> None:
    add_options(parser)
    sys.excepthook = tell_in_a_line
    stats.StatsCSVFileWriter = TimelyWriter  # type: ignore[misc]
    gevent.spawn(end_with_parent, os.getpid())  # here, since Locust forks the workers of --processes right after


@events.init.add_listener
def set_up(environment: Any, web_ui: Any = None, **_: Any) -> None:
    """Give each process its generator; workers send their tallies along with Locust's own reports."""
    options = environment.parsed_options
    check(options, environment.host, environment.user_classes)
    generator = environment.generator = Generator(environment, options.controlled)
    environment.deliveries = DeliveryTable(environment)
    leads = not isinstance(environment.runner, WorkerRunner)
    if web_ui is not None:
        check_page(web_ui.host, web_ui.port)
    if leads and not options.controlled:
        for user in environment.user_classes:
            if url := environment.host or user.host:
                check_served(url, user.transport, options.tls)
    if options.controlled and leads:
        environment.watch = watch_workers(options.processes or 0)
    elif not options.controlled:
        if leads:
            reported = environment.events.worker_report
            reported.add_listener(lambda client_id, data: generator.keep_tally(client_id, data["lab"]))
        else:
            to_report = environment.events.report_to_master
            to_report.add_listener(lambda client_id, data: data.update(lab=generator.current_tally().as_values()))
        end_in_order(environment)


@events.test_start.add_listener
def refuse_wrong_host(environment: Any, **_: Any) -> None:
    """What was typed into Locust's page is looked at as the command line is: a wrong host is a failure, and no load."""
    if environment.web_ui is None or isinstance(environment.runner, WorkerRunner):
        return
    for user in environment.user_classes:
        url = environment.host or user.host
        if reason := not_served(url, user.transport, environment.parsed_options.tls):
            told = {"request_type": user.transport, "name": "host", "response_time": 0, "response_length": 0}
            environment.events.request.fire(**told, exception=Refused(reason), context={})
            gevent.spawn(environment.runner.stop)


@events.test_start.add_listener
def lead(environment: Any, **_: Any) -> None:
    """In a controlled run, do what the lab's runner says."""
    if environment.parsed_options.controlled and not isinstance(environment.runner, WorkerRunner):
        gevent.spawn(follow_commands, environment)
