"""The command line of the servers: `python -m servers` for all three, `python -m servers polling` for one."""

import os
import signal


def interrupted(*_: object) -> None:
    """Ctrl-C while all this is imported: there is nothing yet to be ended in order."""
    os.write(2, b"servers: interrupted\n")
    os._exit(130)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, interrupted)

from gevent import monkey

monkey.patch_all()

import argparse
import math
import secrets
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from servers import sources
from servers.app.access import is_loopback
from servers.command_line import MIB, UNNAMED, parser
from servers.context import Context
from servers.feed import Feed, MemoryFeed
from servers.limits.connection_limit import PER_ADDRESS, RESERVED, ConnectionLimit
from servers.processes import Processes
from servers.publisher import Publisher
from servers.serving import limits
from servers.serving.certificate import check_free, context_of, new_certificate
from servers.serving.memory_trim import MemoryTrimmer
from servers.serving.run import serve
from servers.serving.server import bind_all
from servers.serving.transports import TRANSPORTS

CLOCK_DEFAULTS: dict[str, Any] = {"rate": 2.0, "size": 142, "arrivals": "poisson", "seed": 1}
GIB = 2**30
TOKEN = "PUSH_LAB_TOKEN"  # of the environment
CERTIFICATE = "PUSH_LAB_CERTIFICATE"  # likewise, from one process of several to the others


def ports_of(args: argparse.Namespace, p: argparse.ArgumentParser) -> dict[str, int]:
    """The ports to serve, by transport."""
    if args.transport:
        if args.ports:
            p.error("--ports is for all three servers; one alone takes --port")
        if args.guests:
            p.error(f"--guests is for all servers; {args.transport} is one alone")
        return {args.transport: TRANSPORTS[args.transport].port if args.port is None else args.port}
    if args.port is not None:
        p.error("--port is for one server alone; all three take --ports A,B,C")
    served = {name: transport.port for name, transport in TRANSPORTS.items() if args.guests or not transport.guest}
    if args.ports and len(args.ports) != len(served):
        p.error(f"argument --ports: {','.join(map(str, args.ports))} is not {len(served)} ports")
    return dict(zip(served, args.ports or served.values(), strict=True))


def timetable_of(args: argparse.Namespace, p: argparse.ArgumentParser) -> sources.Timetable:
    """What is published and when; an option that the source does not have is an error."""
    given = {name: getattr(args, name) for name in CLOCK_DEFAULTS if getattr(args, name) is not None}
    source = args.source or ("clock" if given else "earthquakes")
    if source != "earthquakes" and args.speed:
        p.error("--speed is for --source earthquakes")
    if args.speed and args.rate:
        p.error("--speed and --rate both say how fast the earthquakes are published: give one of them")
    taken = {"none": set(), "earthquakes": {"rate"}}.get(source, set(CLOCK_DEFAULTS))
    if refused := [name for name in given if name not in taken]:
        p.error(f"--{' and --'.join(refused)} cannot go with --source {source}")
    if source == "none":
        return iter(())
    if source == "earthquakes":
        by_rate = args.rate and args.rate / sources.mean_rate_hz()
        return sources.earthquakes(args.speed or by_rate or sources.SPEED)
    return sources.clock(**CLOCK_DEFAULTS | given)


def check_memory(args: argparse.Namespace, p: argparse.ArgumentParser) -> None:
    """End with status 2 if the messages kept may become more than the memory there is."""
    kept, free = min(args.history * (args.size or 0), args.history_mib * MIB), limits.free_memory()
    if kept > free and not args.controlled:  # a program that leads it has counted itself how many there will be
        p.error(
            f"{args.history:,} messages of {args.size:,} B take {kept / GIB:.1f} GiB of memory, and {free / GIB:.1f} "
            f"are free: keep fewer with --history or --history-mib"
        )


def warn_of_others(host: str) -> None:
    """Say who can ask, where other machines can reach the servers."""
    if not is_loopback(host):
        print(f"servers: who can reach {host} and has the token in these links can read and publish", file=sys.stderr)


def connection_limit_of(args: argparse.Namespace) -> ConnectionLimit:
    """How many connections there may be: fewer than there are descriptors, so that no other part lacks one."""
    most = limits.raise_descriptors() - RESERVED
    each = math.inf if is_loopback(args.host) else PER_ADDRESS
    return ConnectionLimit(min(args.connections or most, most), args.connections_per_address or each,
                           on_release=MemoryTrimmer().connection_ended)  # fmt: skip


def token_for(host: str) -> str | None:
    """What other machines have to know: another one each time, unless the environment says which.

    An empty one there means that none is needed: in a network namespace there is no other machine.
    """
    if is_loopback(host):
        return None
    given = os.environ.get(TOKEN)
    return secrets.token_urlsafe(16) if given is None else given or None


@dataclass(frozen=True)
class Secured:
    """What TLS takes: the file with key and certificate; and what clients trust, with the file to write it to."""

    certificate: Path
    authority: bytes
    trusted: Path

    def publish(self) -> None:
        """Write what clients trust. Only once the ports are there: servers that have them may be using this file."""
        self.trusted.write_bytes(self.authority)


@contextmanager
def secured(args: argparse.Namespace) -> Iterator[Secured | None]:
    """What TLS takes, None without it; what clients trust is in the user's file, or in one that ends with the servers.
    """
    if args.tls is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="push-lab-") as folder:
        trusted = Path(folder) / "authority.pem" if args.tls == UNNAMED else args.tls
        check_free(trusted)
        certificate = Path(folder) / "server.pem"
        key_and_chain, authority = new_certificate(limits.reached_at(args.host))
        certificate.write_bytes(key_and_chain)  # the folder is this user's alone
        yield Secured(certificate, authority, trusted)


def run(args: argparse.Namespace, p: argparse.ArgumentParser) -> int:
    """Bind, publish and serve; return the exit status."""
    check_memory(args, p)
    ports, timetable = ports_of(args, p), timetable_of(args, p)
    if args.processes > 1 and not args.feed:
        p.error("several processes need a feed that they share: --feed redis://HOST:PORT/DB")
    if args.process is not None:  # one of several
        certificate = os.environ.get(CERTIFICATE)
        return run_alone(args, ports, timetable, Path(certificate) if certificate else None)
    with secured(args) as tls:
        if args.processes > 1:
            return run_several(args, ports, tls)
        return run_alone(args, ports, timetable, tls.certificate if tls else None, tls)


def feed_of(args: argparse.Namespace) -> Feed:
    """The feed that the command line asks for."""
    history_bytes = round(args.history_mib * MIB)
    if not args.feed:
        return MemoryFeed(args.history, history_bytes)
    from servers.redis_feed import RedisFeed  # here: to import redis takes longer than to start the servers

    return RedisFeed(args.feed, args.history, history_bytes)


def run_alone(args: argparse.Namespace, ports: dict[str, int], timetable: sources.Timetable,
              certificate: Path | None, tls: Secured | None = None) -> int:  # fmt: skip
    """Serve in this process."""
    feed = feed_of(args)
    publisher = Publisher(feed, islice(timetable, args.count))
    context = Context(
        publisher=publisher, token=token_for(args.host), deflate=args.deflate,
        answer_fields=tuple(args.answer_field), connection_limit=connection_limit_of(args),
    )  # fmt: skip
    own_tls = context_of(certificate) if certificate else None
    bound = bind_all(feed, context, ports, args.host, own_tls, shared=args.process is not None)
    if args.process is None:
        warn_of_others(args.host)
    if tls:
        tls.publish()
    return serve(bound, publisher, feed, args.controlled, tls.trusted if tls else None)


def run_several(args: argparse.Namespace, ports: dict[str, int], tls: Secured | None) -> int:
    """Serve in several processes, and look after them."""
    token = token_for(args.host)
    environment = {TOKEN: token or ""} | ({CERTIFICATE: str(tls.certificate)} if tls else {})

    def arguments(number: int, numbers: dict[str, int]) -> list[str]:
        """What this process was told, with ports that are known now; the last of two options counts."""
        option = "--port" if args.transport else "--ports"
        mine = [option, ",".join(map(str, numbers.values())), "--process", str(number), "--processes", "1"]
        return [*args.told, *mine]

    with Processes(args.processes, arguments, environment, ports, args.host) as processes:
        warn_of_others(args.host)
        if tls:
            tls.publish()
        return processes.serve(args.controlled, str(tls.trusted) if tls else None)


def main(argv: list[str] | None = None) -> int:
    p = parser()
    args = p.parse_args(argv)
    args.told = sys.argv[1:] if argv is None else argv
    sys.setswitchinterval(0.0005)  # seconds that the publisher's thread is kept waiting by the greenlets
    try:
        return run(args, p)
    except OSError as error:
        print(f"servers: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # before the addresses are printed
        return 130


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main())
