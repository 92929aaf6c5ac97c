"""What a server, its application and its connections share: one frozen value, made before any of them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from servers.limits.connection_limit import ConnectionLimit
from servers.limits.memory_budget import MemoryBudget
from servers.limits.rate_limit import RateLimiter
from servers.publisher import Publisher


@dataclass
class Counts:
    """What a server counts of its own work; /status shows it."""

    clients: int = 0  # connected or held now
    requests: int = 0
    deliveries: int = 0
    started: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class Context:
    """What one server shares with its application. The limits are shared by all servers of the process."""

    publisher: Publisher | None = None
    token: str | None = None  # without one, only this machine is served
    answer_fields: tuple[tuple[str, str], ...] = ()  # field lines of every response, refusals included
    deflate: bool = False
    connection_limit: ConnectionLimit = field(default_factory=lambda: ConnectionLimit(math.inf, math.inf))
    memory_budget: MemoryBudget = field(default_factory=MemoryBudget)
    rate_limiter: RateLimiter = field(default_factory=RateLimiter)
    counts: Counts = field(default_factory=Counts)
    shutdown_hooks: set[Callable[[], object]] = field(default_factory=set)  # one for each open WebSocket

    def for_another_server(self) -> Context:
        """Return the same with counts and shutdown hooks of its own."""
        return replace(self, counts=Counts(), shutdown_hooks=set())
