"""Servers that plain Locust runs load; a browser."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser
from tools.browser import chromium
from tools.lab import Lab, serving
from tools.locust import USERS


@pytest.fixture(scope="module")
def clock() -> Iterator[Lab]:
    """All servers, ten messages a second."""
    with serving("--guests", "--ports", "0,0,0,0", "--source", "clock", "--rate", "10", "--size", "142") as lab:
        yield lab


@pytest.fixture(scope="module")
def urls(clock: Lab) -> dict[str, str]:
    return {transport: clock.url(transport) for transport in USERS}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser without a window."""
    with chromium() as running:
        yield running
