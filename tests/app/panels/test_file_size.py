"""Small files have a size too."""

import pytest

from app.panels.file_size import size_words


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (120, "0.1 kB"),
        (47_300, "47 kB"),
        (99_999, "100 kB"),
        (100_000, "0.1 MB"),
        (1_234_000_000, "1,234.0 MB"),
    ],
)
def test_below_a_tenth_of_a_megabyte_the_unit_is_kilobytes(size: int, words: str) -> None:
    assert size_words(size) == words
