"""The feed of several processes: a stream in Redis (7 or later) or Valkey, and in each process a mirror of it.

A publisher runs one script in Redis: it gives the next seq, reads Redis's clock, encodes the message once, and trims
the stream. So there is no gap between seqs, and all processes have the same bytes. Each process follows the stream with
one blocking read, and its readers read the mirror: they cost Redis nothing.

An epoch belongs to a run of Redis (its `run_id`), unless Redis writes each message to its disk before it answers. A
Redis that lost the last messages in a crash would else give their seqs to others. A feed that was emptied (FLUSHALL)
has another epoch, too. Readers are told so by 410 or 4410.

While Redis cannot be reached, a reader still gets what the mirror has. Who asks for more gets FeedUnavailable: at once,
or after PATIENCE if it waits without end, as the broadcast to WebSockets does.
"""

from __future__ import annotations

import math
import secrets
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis
from gevent import monkey
from redis.backoff import NoBackoff
from redis.retry import Retry

from servers.feed import HISTORY, HISTORY_BYTES, Batch, FeedUnavailable, MemoryFeed, Message, encoded_value

Client = Any
"""A redis.Redis, whose types say of each answer that it may be anything."""
STREAM, STATE = "push-lab:messages", "push-lab:feed"
OLDEST_REDIS = 7
BLOCK_S, TIMEOUT_S = 1.0, 3.0  # how long a read waits for a message, and how long any answer may take
PATIENCE = 10.0  # seconds without Redis that a reader without a limit of time bears
BACK_OFF_S = (0.05, 1.0)  # between two tries to reach Redis again: the first, and the longest
SCRIPTS = Path(__file__).with_name("scripts")
JOIN, APPEND = ((SCRIPTS / name).read_text(encoding="ascii") for name in ("join.lua", "append.lua"))
LOADED = 1000  # messages read at once
LOOK_BACK = 1000  # messages among which a publisher looks for one whose receipt was lost


class RedisUnusable(OSError):
    """The user's fault: this Redis cannot keep a feed; the message is one line, without the password."""


class RedisFeed(MemoryFeed):
    """The feed at `url` (redis://HOST:PORT/DB); `history` and `history_bytes` as for a MemoryFeed.

    Thread-safe. One thread, a greenlet in the servers, follows Redis.
    """

    def __init__(self, url: str, history: int = HISTORY, history_bytes: int = HISTORY_BYTES) -> None:
        super().__init__(history, history_bytes)
        self._url, self._where = url, without_password(url)
        self._publishers: dict[int, Client] = {}  # by thread of the system: gevent's sockets belong to one
        self._down_since: float | None = None
        self._newest_there, self._asked_at = 0, -math.inf  # Redis's newest seq, and when it was asked for it
        self._asking = threading.Lock()
        self._script, self._published_in = "", ""  # the script's name in Redis, and the epoch that it appends to
        self._unsure: set[str] = set()  # keys of messages whose receipt was lost
        self._follower = connected(url, BLOCK_S + TIMEOUT_S)
        with self._told_in_one_line():
            self._rejoin(self._follower, anyway=True)
        threading.Thread(target=self._follow, daemon=True).start()

    # Publishing

    def publish(self, data: Any, key: str | None = None) -> Message:
        value, mine = encoded_value(data), key or secrets.token_hex(8)
        try:
            message = self._publish(value, mine)
        except redis.RedisError as error:
            if key:
                self._unsure.add(key)
            raise FeedUnavailable(f"{self._where}: {reason(error)}") from None
        self._unsure.discard(mine)
        return message

    def _publish(self, value: bytes, key: str) -> Message:
        """Append; after a restart of Redis, or for another epoch, join first."""
        client = self._publisher()
        if key in self._unsure and (found := self._published_before(client, key)):
            return found
        for _ in range(3):
            if not self._script:
                self._join(client)
            try:
                told = client.evalsha(self._script, 2, STREAM, STATE, self._published_in, value, key, self._history,
                                      self._history_bytes)  # fmt: skip
            except redis.exceptions.NoScriptError:
                told = None
            if told:
                return message_of(told[1])
            self._script = ""
        raise FeedUnavailable(f"{self._where}: the feed is begun anew again and again")

    def _published_before(self, client: Client, key: str) -> Message | None:
        """The message that was appended under this key, if the answer to that was lost."""
        for _, fields in client.xrevrange(STREAM, count=LOOK_BACK):
            if fields[b"key"] == key.encode():
                return message_of(fields[b"message"])
        return None

    def _publisher(self) -> Client:
        thread = monkey.get_original("_thread", "get_ident")()
        if thread not in self._publishers:
            self._publishers[thread] = connected(self._url, TIMEOUT_S)
        return self._publishers[thread]

    # Following

    def _follow(self) -> None:
        """Keep the mirror up to date until the feed is closed."""
        wait = BACK_OFF_S[0]
        while not self._closed:
            try:
                self._read()
                self._down_since, wait = None, BACK_OFF_S[0]
            except (redis.RedisError, OSError) as error:
                if self._closed:
                    return
                if self._down_since is None:
                    self._down_since = time.monotonic()
                    sys.stderr.write(f"servers: {self._where}: {reason(error)}; trying again\n")  # in one piece
                self.release()
                time.sleep(wait)
                wait = min(2 * wait, BACK_OFF_S[1])

    def _read(self) -> None:
        """Wait for messages once, and append them; where the feed is another one, or has a gap here, load it all."""
        client = self._follower
        if self._down_since is not None:
            self._rejoin(client)
        found = client.xread({STREAM: f"{self.newest}-0"}, count=LOADED, block=round(BLOCK_S * 1000))
        if not found:  # nothing new, or another feed that has not come so far
            self._rejoin(client)
            return
        for _, fields in found[0][1]:
            message = message_of(fields[b"message"])
            if fields[b"epoch"] != self.epoch.encode() or message.seq != self.newest + 1:
                self._rejoin(client, anyway=True)
                return
            self.append(message)

    def _rejoin(self, client: Client, anyway: bool = False) -> None:
        """Load the feed again if it is another one than this mirror's, or does not go on where the mirror ends."""
        epoch, newest = self._join(client)
        if anyway or epoch != self.epoch or newest < self.newest:
            self._load(client, epoch, newest)
            self.release()

    def _join(self, client: Client) -> tuple[str, int]:
        """Leave the script with Redis; return the feed's epoch and its newest seq."""
        epoch, newest = client.eval(JOIN, 2, STREAM, STATE, secrets.token_hex(8), int(is_durable(client)))
        self._published_in, self._script = epoch.decode(), client.script_load(APPEND)
        return self._published_in, int(newest)

    def _load(self, client: Client, epoch: str, newest: int) -> None:
        """Read the whole stream; readers see nothing of it until it is there."""
        log: dict[int, Message] = {}
        start = "-"
        while entries := client.xrange(STREAM, start, "+", count=LOADED):
            log |= {(message := message_of(fields[b"message"])).seq: message for _, fields in entries}
            start = f"({entries[-1][0].decode()}"
        self._newest_there = newest
        self._log, self.epoch, self._bytes = log, epoch, sum(len(message.encoded) for message in log.values())
        self.newest = max(log, default=newest)
        self.oldest = min(log, default=self.newest + 1)

    # Reading

    def after(
        self, seq: int | None, timeout: float | None = 0, *, limit: int | None = None, epoch: str | None = None
    ) -> Batch:
        own, deadline = self.epoch, None if timeout is None else time.monotonic() + timeout
        if seq is not None and seq > self.newest and epoch in (None, own):
            self._catch_up(seq)
        while True:
            left = None if deadline is None else max(deadline - time.monotonic(), 0)
            batch = super().after(seq, left, limit=limit, epoch=epoch)
            if self.epoch != own:
                raise self._outside()
            if batch.messages or self._closed:
                return batch
            if self._down_since is not None and (timeout is not None or self._down_s() > PATIENCE):
                raise FeedUnavailable(f"{self._where} cannot be reached")
            if left == 0:
                return batch

    def _down_s(self) -> float:
        return 0.0 if self._down_since is None else time.monotonic() - self._down_since

    def _catch_up(self, seq: int) -> None:
        """Wait until the mirror has `seq`, if Redis has: a client that comes from another process may be ahead."""
        self._check_reachable()
        if seq > self._newest_there:
            self._ask_newest()
        own, deadline = self.epoch, time.monotonic() + TIMEOUT_S
        while self.newest < seq <= self._newest_there and self.epoch == own and not self._closed:
            if (left := deadline - time.monotonic()) <= 0:
                return
            super().after(self.newest, left)

    def _ask_newest(self) -> None:
        """Ask Redis for its newest seq: at most once in 50 ms, and all who wait meanwhile share the answer."""
        arrived = time.monotonic()
        with self._asking:
            if self._asked_at > arrived:
                return
            time.sleep(max(self._asked_at + BACK_OFF_S[0] - arrived, 0))
            self._check_reachable()
            asked_at = time.monotonic()
            try:
                self._newest_there = int(self._publisher().hget(STATE, "newest") or 0)
            except redis.RedisError as error:
                raise FeedUnavailable(f"{self._where}: {reason(error)}") from None
            self._asked_at = asked_at  # only now: a question without an answer is nothing to share

    def _check_reachable(self) -> None:
        if self._down_since is not None:
            raise FeedUnavailable(f"{self._where} cannot be reached")

    @contextmanager
    def _told_in_one_line(self) -> Iterator[None]:
        try:
            check(self._follower)
            yield
        except redis.RedisError as error:
            raise RedisUnusable(f"{self._where}: {reason(error)}") from None


def connected(url: str, timeout_s: float) -> Client:
    """A client that tries nothing twice: a lost answer must not append a message again. RedisUnusable for a wrong URL.
    """
    try:
        return redis.Redis.from_url(url, socket_timeout=timeout_s, socket_connect_timeout=TIMEOUT_S,
                                    retry=Retry(NoBackoff(), 0), client_name="push-lab", protocol=2)  # fmt: skip
    except ValueError as error:
        raise RedisUnusable(f"{without_password(url)}: {str(error).partition('(')[0].strip()}") from None


def check(client: Client) -> None:
    """RedisUnusable unless this Redis can keep a feed."""
    told = client.info("server") | client.info("replication")
    version = str(told["redis_version"])
    if int(version.partition(".")[0]) < OLDEST_REDIS:
        raise RedisUnusable(f"Redis {version} is too old: a feed needs {OLDEST_REDIS} or later")
    if told.get("role") == "slave":
        raise RedisUnusable("this Redis is a replica, and takes no messages")


def is_durable(client: Client) -> bool:
    """Whether Redis writes each message to its disk before it answers; not, if it does not say."""
    try:
        found = client.config_get("appendonly", "appendfsync")
    except redis.RedisError:
        return False
    values = {str(name): str(value) for name, value in found.items()}
    return values.get("appendonly") == "yes" and values.get("appendfsync") == "always"


def message_of(encoded: bytes) -> Message:
    """The message with these bytes, as the script has written them."""
    head = encoded[: encoded.index(b',"data":')]
    seq, _, published_at = head.removeprefix(b'{"seq":').partition(b',"published_at":')
    return Message(int(seq), float(published_at), bytes(encoded))


def without_password(url: str) -> str:
    """The address as it may be shown."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def reason(error: BaseException) -> str:
    """What is wrong, in one line."""
    words = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return words.partition(". script:")[0].rstrip(".")


