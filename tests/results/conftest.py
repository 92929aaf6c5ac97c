"""One made-up results folder for each file of tests."""

from pathlib import Path

import pandas as pd
import pytest
from tools.made_up import make

from results import table


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("results") / "made-up")


@pytest.fixture(scope="module")
def runs(folder: Path) -> pd.DataFrame:
    return table.read_runs(folder)
