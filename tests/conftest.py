"""The servers that many tests ask."""

from collections.abc import Iterator

import pytest
from tools.lab import Lab, serving


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """The three servers with one feed that has only what tests post."""
    with serving("--ports", "0,0,0", "--source", "none") as servers:
        yield servers


@pytest.fixture(scope="session")
def secure_lab() -> Iterator[Lab]:
    """The same over TLS, and with deflate."""
    with serving("--ports", "0,0,0", "--source", "none", "--deflate", "--tls") as servers:
        yield servers
