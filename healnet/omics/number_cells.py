"""From the text of cells to numbers, saying exactly which cell is not one.

Accepted as a number: digits with an optional sign, decimal point and exponent, and
``true``/``false``. Accepted as missing: the usual spellings of "no value". Everything else is
text: thousands separators, decimal commas, ``inf`` and digits of other scripts included.
"""

import math
import re
from collections.abc import Sequence
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
        return value if math.isfinite(value) else None
    if text.lower() in MISSING:
        return float("nan")
    return _WORDS.get(text.lower())


class RowParser:
    """Parses the rows of one table; columns seen to hold text are told apart once.

    Plain cells go the fast way, all at once; it gives the same as :func:`parse_cell`.
    """

    def __init__(self, width: int) -> None:
        self._plain = list(range(width))  # positions that have held numbers only so far
        self._odd: list[int] = []

    def parse(self, cells: list[str]) -> NumberRow:
        """Return the numbers of a row, and its text cells by position."""
        values = np.full(len(cells), np.nan)
        plain = [cells[i] for i in self._plain] if self._odd else cells
        fast = _parse_plain(plain)
        if fast is None:
            self._learn(cells)
            fast = _parse_plain([cells[i] for i in self._plain])
        if fast is None:  # only a number too large for a float is left
            return _parse_each(cells, range(len(cells)), values)
        values[self._plain] = fast
        return _parse_each(cells, self._odd, values)

    def _learn(self, cells: list[str]) -> None:
        is_number = [
            not cells[i] or _NUMBER.fullmatch(cells[i]) is not None for i in self._plain
        ]
        self._odd += [i for i, plain in zip(self._plain, is_number, strict=True) if not plain]
        self._plain = [i for i, plain in zip(self._plain, is_number, strict=True) if plain]


def _parse_each(
    cells: list[str], positions: Sequence[int], values: Float[ndarray, " p"]
) -> NumberRow:
    texts: dict[int, str] = {}
    for position in positions:
        number = parse_cell(cells[position])
        if number is None:
            texts[position] = cells[position]
        else:
            values[position] = number
    return NumberRow(values, texts)


def _parse_plain(cells: list[str]) -> Float[ndarray, " p"] | None:
    if not _ONLY_DIGITS.fullmatch("\x1f".join(cells)):
        return None
    try:
        values = np.array([float(cell) if cell else np.nan for cell in cells], dtype=np.float64)
    except ValueError:
        return None
    return None if np.isinf(values).any() else values
