"""What several files of clients/ share."""

from pathlib import Path

import pytest
from tools.tls import AUTHORITY


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file of the authority that `tools.tls` serves with."""
    file = Path(tmp_path_factory.mktemp("tls")) / "authority.pem"
    AUTHORITY.cert_pem.write_to_path(str(file))
    return str(file)
