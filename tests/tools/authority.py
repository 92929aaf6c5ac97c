"""Requests and prices that several tests compute with."""

from loadtests.headers.profiles import PROFILES
from results.audit import audit

AUTHORITY = "localhost:5001"
BROWSER = PROFILES["browser"].fields("polling", AUTHORITY)


# --- the audit -------------------------------------------------------------------------------------------------------


def line(point: int, what: str) -> audit.Audited:
    """The one line of the audit that says this."""
    (found,) = (each for each in audit.audit(BROWSER, AUTHORITY) if (each.point, each.what) == (point, what))
    return found
