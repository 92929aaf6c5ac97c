"""What the peers share: this lab's feed and clock, published and waited for with asyncio."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from servers.feed import MemoryFeed, Message
from servers.sources import Timetable, clock


class AsyncFeed:
    """The feed, and an event that wakes all who wait for its next message."""

    def __init__(self) -> None:
        self.feed = MemoryFeed()
        self._news = asyncio.Event()

    def publish(self, data: Any) -> Message:
        message = self.feed.publish(data)
        read, self._news = self._news, asyncio.Event()
        read.set()
        return message

    async def after(self, seq: int, timeout: float) -> list[Message]:
        """The messages newer than `seq`, waiting up to `timeout` seconds for one."""
        if timeout and seq == self.feed.newest:
            try:
                await asyncio.wait_for(self._news.wait(), timeout)
            except TimeoutError:
                return []
        return self.feed.after(seq).messages


def options() -> argparse.Namespace:
    """What the command line asks for: a transport, and the clock's rate and size."""
    p = argparse.ArgumentParser()
    p.add_argument("transport")
    p.add_argument("--rate", type=float, required=True)
    p.add_argument("--size", type=int, required=True)
    return p.parse_args()


def timetable() -> Timetable:
    """The clock that the command line asks for."""
    return clock(options().rate, options().size, "even")


async def take_commands(feed: AsyncFeed, on_message: Callable[[Message], Any] = lambda message: None) -> None:
    """Start and stop publishing as lines of JSON say, as the lab's own servers do; return at their end."""
    moments, publisher = timetable(), asyncio.create_task(asyncio.sleep(0))
    async for line in await lines():
        publisher.cancel()
        if json.loads(line) == {"do": "start"}:
            publisher = asyncio.create_task(publish(feed, moments, on_message))
        print(json.dumps({"newest": feed.feed.newest}), flush=True)
    publisher.cancel()


async def lines() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    return reader


def announce(port: int, *transports: str) -> None:
    """Say the addresses, as the lab's own servers do."""
    scheme = {"websocket": "ws"}
    urls = {transport: f"{scheme.get(transport, 'http')}://127.0.0.1:{port}" for transport in transports}
    print(json.dumps({"urls": urls}), flush=True)


async def publish(feed: AsyncFeed, moments: Timetable, on_message: Callable[[Message], Any]) -> None:
    started = time.time()
    for offset, data in moments:
        await asyncio.sleep(started + offset - time.time())
        on_message(feed.publish(data))
