"""The servers that many tests ask."""

from collections.abc import Iterator

import pytest
from tools.lab import Lab, serving


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long tests, so that no worker is left with one at the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


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
