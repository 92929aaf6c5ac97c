"""How a notebook shows what the lessons give: tables as large as its text, an interrupted cell in one line."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
from IPython import get_ipython

TABLE = '<table border="1" class="dataframe"'
AS_LARGE_AS_TEXT = f'{TABLE} style="font-size: var(--jp-content-font-size1, 16px)"'
"""JupyterLab gives tables the size of its menus, which Presentation Mode does not enlarge."""
LEFT = ' style="text-align: left"'
LONGEST_FIGURE = 16
"""Characters of a figure with its unit or its interval; a column with longer texts, or with names, is of words."""
INTERRUPTED = "Interrupted. What this cell had started has ended; run it again when you like."


def prepare() -> None:
    """Set up the notebook whose kernel this is; nothing where there is none."""
    shell = get_ipython()
    if shell is None:
        return
    shell.set_custom_exc((KeyboardInterrupt,), _say_in_a_line)
    shell.display_formatter.formatters["text/html"].for_type(pd.DataFrame, table_html)


def table_html(table: pd.DataFrame) -> str:
    """A table as pandas writes it, in the size of the text, and what is words begins on the left."""
    words = [_is_words(table.iloc[:, place]) for place in range(table.shape[1])]
    whole = str(table._repr_html_()).replace(TABLE, AS_LARGE_AS_TEXT)  # type: ignore[operator]
    heads, body, rows = whole.partition("<tbody>")
    if table.columns.nlevels == 1:
        heads = _begun_left(heads, words)
    return heads + body + _begun_left(rows, words)


def _is_words(column: pd.Series) -> bool:
    texts = [text for text in column if isinstance(text, str)]
    return any(len(text) > LONGEST_FIGURE or re.match(r"[^\W\d]", text) for text in texts)


def _begun_left(markup: str, words: list[bool]) -> str:
    """These rows with the cells of those columns, and the names of the rows, aligned to the left."""

    def aligned(row: re.Match[str]) -> str:
        first, *cells = re.split(r"(?=<t[hd]\b)", row[0])
        names = len(cells) - len(words)
        left = [place < names or words[place - names] for place in range(len(cells))]
        return first + "".join(re.sub(r"^<t[hd]", rf"\g<0>{LEFT}", cell) if begun else cell
                               for cell, begun in zip(cells, left, strict=True))  # fmt: skip

    return re.sub(r"<tr\b.*?</tr>", aligned, markup, flags=re.DOTALL)


def _say_in_a_line(*_: Any) -> list[str]:
    print(INTERRUPTED)
    return []
