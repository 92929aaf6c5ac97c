"""One made-up results folder for each file of tests."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tools.made_up import made_up_run, make

from results import table


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("results") / "made-up")


@pytest.fixture(scope="module")
def runs(folder: Path) -> pd.DataFrame:
    return table.read_runs(folder)


@pytest.fixture
def row() -> dict[str, Any]:
    return made_up_run("overhead", "polling", 1, np.random.default_rng(3))[0]
