"""How a notebook shows what the lessons give: tables as large as its text, an interrupted cell in one line."""

from __future__ import annotations

from typing import Any

import pandas as pd
from IPython import get_ipython

TABLE = '<table border="1" class="dataframe"'
AS_LARGE_AS_TEXT = f'{TABLE} style="font-size: var(--jp-content-font-size1, 16px)"'
"""JupyterLab gives tables the size of its menus, which Presentation Mode does not enlarge."""
INTERRUPTED = "Interrupted. What this cell had started has ended; run it again when you like."


def prepare() -> None:
    """Set up the notebook whose kernel this is; nothing where there is none."""
    shell = get_ipython()
    if shell is None:
        return
    shell.set_custom_exc((KeyboardInterrupt,), _say_in_a_line)
    shell.display_formatter.formatters["text/html"].for_type(pd.DataFrame, table_html)


def table_html(table: pd.DataFrame) -> str:
    """A table as pandas writes it, in the size of the text."""
    return str(table._repr_html_()).replace(TABLE, AS_LARGE_AS_TEXT)  # type: ignore[operator]


def _say_in_a_line(*_: Any) -> list[str]:
    print(INTERRUPTED)
    return []
