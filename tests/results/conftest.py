"""One made-up results folder, and its charts, for all tests of results/: what changes it works on a copy."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tools.made_up import made_up_run, make

from results import figures, table
from results.figures.layout import Chart


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("results") / "made-up")


@pytest.fixture(scope="session")
def drawn(folder: Path) -> list[Chart]:
    """Every chart of the folder, drawn once: do not change them."""
    return figures.draw_all(table.read(folder))[0]


@pytest.fixture(scope="session")
def runs(folder: Path) -> pd.DataFrame:
    return table.read_runs(folder)


@pytest.fixture
def row() -> dict[str, Any]:
    return made_up_run("overhead", "polling", 1, np.random.default_rng(3))[0]
