"""A prediction folder: the files of one case, read back as they were written."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from healnet.exceptions import ConfigError
from healnet.explain.csv_files import ATTENTION_COLUMNS, ATTRIBUTION_COLUMNS
from healnet.explain.result_json import RESULT_KEYS

_MAX_BYTES = 512 * 1024**2


@dataclass(frozen=True, kw_only=True, eq=False)
class PredictionFiles:
    """What a prediction folder holds.

    Attributes:
        result: ``result.json``.
        explanation: ``explanation.json``.
        patches: Rows of ``attention.csv``.
        attributions: Rows of ``attributions.csv``.
    """

    result: Mapping[str, object]
    explanation: Mapping[str, object]
    patches: tuple[Mapping[str, str], ...]
    attributions: tuple[Mapping[str, str], ...]


def read_prediction(folder: Path) -> PredictionFiles:
    """Return the files of a prediction folder.

    Raises:
        ConfigError: ``PREDICTION-FOLDER`` if one is missing or is not what it should be.
    """
    result = _read_json(folder / "result.json")
    missing = sorted(set(RESULT_KEYS) - set(result))
    if missing:
        raise _refusal("result.json", f"has no {', '.join(missing)}")
    return PredictionFiles(
        result=result,
        explanation=_read_json(folder / "explanation.json"),
        patches=_read_rows(folder / "attention.csv", ATTENTION_COLUMNS),
        attributions=_read_rows(folder / "attributions.csv", ATTRIBUTION_COLUMNS),
    )


def _read_json(path: Path) -> dict[str, object]:
    try:
        values = json.loads(_read(path))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _refusal(path.name, "is not JSON") from error
    if not isinstance(values, dict):
        raise _refusal(path.name, "holds no names and values")
    return values


def _read_rows(path: Path, columns: tuple[str, ...]) -> tuple[Mapping[str, str], ...]:
    reader = csv.DictReader(io.StringIO(_read(path)))
    if tuple(reader.fieldnames or ()) != columns:
        raise _refusal(path.name, f"does not have the columns {', '.join(columns)}")
    rows = tuple(reader)
    if any(None in row or None in row.values() for row in rows):
        raise _refusal(path.name, "has a row of another length")
    return rows


def _read(path: Path) -> str:
    if not path.is_file():
        raise _refusal(path.name, "is missing")
    if path.stat().st_size > _MAX_BYTES:
        raise _refusal(path.name, "is larger than 512 MB")
    return path.read_text(encoding="utf-8")


def _refusal(name: str, what: str) -> ConfigError:
    return ConfigError(
        f"{name} {what}",
        code="PREDICTION-FOLDER",
        where=name,
        why="the folder is not a whole prediction",
        fix="give the folder that 'healnet predict --out' wrote",
    )
