"""A feed with messages, and readers of it in threads."""

from servers.feed import HISTORY, Batch, MemoryFeed


def feed_of(count: int, history: int = HISTORY) -> MemoryFeed:
    feed = MemoryFeed(history)
    for number in range(1, count + 1):
        feed.publish(f"m{number}")
    return feed


def seqs(batch: Batch) -> list[int]:
    return [message.seq for message in batch.messages]
