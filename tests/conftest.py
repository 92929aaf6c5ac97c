"""The servers that many tests ask, and whether there can be a path of packets."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from tools.lab import Lab, needs, serving
from tools.thorough import is_left_out

from loadtests.packets.devices import PROGRAMS, NoNamespaces, check_possible

# jsonschema, of nbformat, checks IRIs by a grammar that takes more than a second to build in each of nine processes.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

# How long an example takes says what else runs on the machine.
settings.register_profile("lab", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("lab")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what repeats; begin with the long tests, so that no worker is left with one at the end.

    A test that is named on the command line runs.
    """
    if config.args_source is not pytest.Config.ArgsSource.ARGS or all(Path(each).is_dir() for each in config.args):
        left_out = [item for item in items if is_left_out(item.nodeid)]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """All servers, guests included, with one feed that has only what tests post."""
    with serving("--guests", "--ports", "0,0,0,0", "--source", "none") as servers:
        yield servers


@pytest.fixture(scope="session")
def secure_lab() -> Iterator[Lab]:
    """The same over TLS, and with deflate."""
    with serving("--guests", "--ports", "0,0,0,0", "--source", "none", "--deflate", "--tls") as servers:
        yield servers


@pytest.fixture(scope="session")
def packets() -> None:
    """Skips what needs a path of packets where the system has no namespaces for its users."""
    for program in PROGRAMS:
        needs(program)
    try:
        check_possible()
    except NoNamespaces as error:
        pytest.skip(str(error))
