"""How a program leads the load: commands on standard input, answers on standard output, each a JSON object on a line.

`{"follow": URL}` lets the clients connect, and is answered when all had their first response.
`{"window": [BEGIN, END]}` says in Unix time, ahead of it, when the window begins and ends, and is answered when every
process knows.
`{"quiesce": SECONDS}` lets no client send any more, and is answered when nothing that was sent is under way.
`{"drain": SEQ, "within": SECONDS}` lets each client leave once it has everything up to SEQ; its answer is the tally of
all processes.
"""

import json
import os
import sys
from typing import Any

import gevent
import psutil
from gevent.fileobject import FileObject

from loadtests.users.generator import Generator

LOOK = 0.5  # seconds between looks at the other processes


def follow_commands(environment: Any) -> None:
    """Carry out the commands, in the master; quit at their end, even if something is under way."""
    for line in FileObject(sys.stdin.buffer, "rb"):
        gevent.spawn(act, environment.generator, environment.parsed_options.num_users, json.loads(line))
    environment.watch.kill()
    environment.runner.quit()


def act(generator: Generator, clients: int, command: dict[str, Any]) -> None:
    """Do what one command says, and answer when it is done."""
    match command:
        case {"follow": url}:
            generator.send("lab-follow", {"url": url})
            generator.ready_clients.wait(clients)
            answer(ready=clients)
        case {"window": [begin, end]}:
            generator.at(begin, generator.start_clock)  # of a master without clients, which has its share of a core
            generator.at(end, generator.measure_cpu)
            generator.send("lab-window", {"begin": begin, "end": end})
            generator.scheduled_processes.wait(generator.processes)
            answer(scheduled=True)
        case {"quiesce": seconds}:
            generator.send("lab-quiesce", {"within": seconds})
            generator.quiesced_processes.wait(generator.processes)
            answer(quiesced=True)
        case {"drain": newest, "within": seconds}:
            generator.send("lab-drain", {"newest": newest, "within": seconds})
            generator.finished.wait()
            answer(tally=generator.merged_tally().as_values())


def answer(**what: Any) -> None:
    """Answer, on standard output."""
    print(json.dumps(what), flush=True)


def watch_workers(wanted: int) -> gevent.Greenlet:
    """End the run as soon as a worker ends too early; return the greenlet to kill when the run is done."""
    return gevent.spawn(end_with_children, psutil.Process().children(), wanted)


def end_with_parent(parent: int) -> None:
    """In a process that `parent` has forked: end as soon as the parent has ended."""
    while os.getpid() != parent:
        if os.getppid() != parent:
            os._exit(1)
        gevent.sleep(LOOK)


def end_with_children(children: list[psutil.Process], wanted: int) -> None:
    """End this process as soon as one of its children has ended, or at once if there are too few."""
    while len(children) >= wanted and all(map(alive, children)):
        gevent.sleep(LOOK)
    print("one of its worker processes has ended", file=sys.stderr, flush=True)
    os._exit(1)  # Locust would wait for the one that is gone


def alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
