"""The query of a request for /messages, as a value."""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl

from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

DEFAULT_WAIT, LONGEST_WAIT = 25.0, 60.0  # seconds; RFC 6202 section 5.5 finds 30 s safe
SEQ, SECONDS = re.compile(r"[0-9]{1,18}"), re.compile(r"[0-9]{1,3}(\.[0-9]{1,9})?")
LONGEST_KEPT = 200  # bytes of a query that is remembered: what clients send must not fill the memory
ANYTHING = re.compile(r".*")


@dataclass(frozen=True)
class Query:
    """A request for the messages after `seq`, waiting up to `wait` seconds for one.

    `seq` is None if the query named none: then it asks for messages from now on. `epoch` is None if it named no epoch.
    """

    seq: int | None
    wait: float
    epoch: str | None


def parse_query(query_string: bytes, last_event_id: str | None = None) -> Query:
    """Parse a query; BadRequest if it is malformed. What a browser's EventSource saw last wins over `after`."""
    if last_event_id is None and len(query_string) <= LONGEST_KEPT:
        return parsed_before(query_string)
    return parsed(query_string, last_event_id)


@lru_cache(maxsize=1024)
def parsed_before(query_string: bytes) -> Query:
    """The same, remembered: clients that are up to date all ask the same."""
    return parsed(query_string, None)


def parsed(query_string: bytes, last_event_id: str | None) -> Query:
    args = MultiDict(parse_qsl(query_string.decode("ascii", "replace"), keep_blank_values=True))
    after = argument(args, "after", SEQ)
    if last_event_id:
        after = argument(MultiDict({"Last-Event-ID": last_event_id}), "Last-Event-ID", SEQ)
    wait = float(argument(args, "wait", SECONDS) or DEFAULT_WAIT)
    if wait > LONGEST_WAIT:
        raise BadRequest(f"wait is more than {LONGEST_WAIT:.0f} seconds")
    return Query(None if after is None else int(after), wait, argument(args, "epoch", ANYTHING))


def argument(args: MultiDict[str, str], name: str, pattern: re.Pattern[str]) -> str | None:
    """Return an argument of the query, None if it is absent; BadRequest if it comes twice or does not match."""
    values = args.getlist(name)
    if not values:
        return None
    if len(values) > 1 or not pattern.fullmatch(values[0]):
        raise BadRequest(f"{name} is malformed")
    return values[0]
