"""Servers that several files of servers/ ask."""

from collections.abc import Iterator

import pytest
from tools.lab import Lab, serving


@pytest.fixture(scope="module")
def new() -> Iterator[Lab]:
    """Servers of one feed with nothing in it yet."""
    with serving("--guests", "--ports", "0,0,0,0", "--source", "none") as servers:
        yield servers
