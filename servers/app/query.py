"""The query of a request for /messages, as a value."""

import re
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

DEFAULT_WAIT, LONGEST_WAIT = 25.0, 60.0  # seconds; RFC 6202 section 5.5 finds 30 s safe
SEQ, SECONDS = re.compile(r"[0-9]{1,18}"), re.compile(r"[0-9]{1,3}(\.[0-9]{1,9})?")
ANYTHING = re.compile(r".*")


@dataclass(frozen=True)
class Query:
    """A request for the messages after `seq`, waiting up to `wait` seconds for one.

    `seq` is None if the query named none: then it asks for messages from now on. `epoch` is None if it named no epoch.
    """

    seq: int | None
    wait: float
    epoch: str | None


def parse_query(args: MultiDict[str, str]) -> Query:
    """Parse a query; BadRequest if it is malformed."""
    after = argument(args, "after", SEQ)
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
