"""From the text of cells to numbers, saying exactly which cell is not one.

Accepted as a number: digits with an optional sign, decimal point and exponent, and
``true``/``false``. Accepted as missing: the usual spellings of "no value". Everything else is
text: thousands separators, decimal commas, ``inf`` and digits of other scripts included.
"""

import re
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from numpy import ndarray

MISSING = frozenset({"", "na", "nan", "n/a", "#n/a", "null", "none", "<na>", "[not available]"})
DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_ONLY_DIGITS = re.compile(r"[0-9eE.+\x1f\-]*")  # \x1f joins the cells of a row
_WORDS = {"true": 1.0, "false": 0.0}


class NumberRow(NamedTuple):
    """The numbers of a row, NaN where there is none, and the cells that are text."""

    values: Float[ndarray, " p"]
    texts: dict[int, str]


def parse_cell(cell: str) -> float | None:
    """Return the number in a cell, NaN if the value is missing, None if it is text.

    A number too large for a float counts as text: it would silently become infinite.
    """
    text = cell.strip()
    if _NUMBER.fullmatch(text):
        value = float(text)
        return value if np.isfinite(value) else None
    if text.lower() in MISSING:
        return float("nan")
    return _WORDS.get(text.lower())


def parse_row(cells: list[str]) -> NumberRow:
    """Return the numbers of a row; plain rows take a fast path of the same meaning."""
    fast = _parse_plain(cells)
    if fast is not None:
        return NumberRow(fast, {})
    values = np.full(len(cells), np.nan)
    texts: dict[int, str] = {}
    for position, cell in enumerate(cells):
        number = parse_cell(cell)
        if number is None:
            texts[position] = cell
        else:
            values[position] = number
    return NumberRow(values, texts)


def _parse_plain(cells: list[str]) -> Float[ndarray, " p"] | None:
    if not _ONLY_DIGITS.fullmatch("\x1f".join(cells)):
        return None
    try:
        values = np.array([float(cell) if cell else np.nan for cell in cells])
    except ValueError:
        return None
    return None if np.isinf(values).any() else values
