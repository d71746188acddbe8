"""A prediction folder: the files of one case, read back as they were written."""

import csv
import hashlib
import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import cast

from healnet.exceptions import ConfigError
from healnet.explain.csv_files import ATTENTION_COLUMNS, ATTRIBUTION_COLUMNS
from healnet.explain.report_context import CONTEXT, ReportContext, parse_context
from healnet.explain.result_json import REQUIRED_KEYS
from healnet.explain.shape_of_json import Shape, misfit
from healnet.survival.risk_groups import GROUP_NAMES

RESULT, EXPLANATION = "result.json", "explanation.json"
PATCHES, FEATURES = "attention.csv", "attributions.csv"
_MAX_BYTES = 512 * 1024**2


_NOTICE: Shape = dict.fromkeys(("code", "what", "where", "why", "fix"), str)
_RESULT: Shape = {
    "case_id": str,
    "model": {"id": str, "sha256": str},
    "inputs": [{"role": str, "sha256": str}],
    "modalities_used": [str],
    "risk": float,
    "risk_percentile": float,
    "risk_group": str,
    "hazards": [float],
    "survival": [{"time_months": float, "survival": float}],
    "range": {
        "risk": {"low": float, "high": float},
        "survival": [{"time_months": float, "low": float, "high": float}],
        "of": str,
    },
    "warnings": [_NOTICE],
}
_EXPLANATION: Shape = {
    "case_id": str,
    "model": {"id": str, "sha256": str},
    "members": [{"member": int, "risk": float, "risk_percentile": float}],
    "subsets": [
        {"modalities": [str], "risk": float, "risk_percentile": float, "low": float,
         "high": float},
    ],
    "convergence_delta": dict,
    "maps": [{"slide": str, "map": str}],
    "notes": [str],
}  # fmt: skip
_PATCH_NUMBERS = {"x": int, "y": int, "size": int, "attention": float, "attribution": float}


@dataclass(frozen=True, kw_only=True, eq=False)
class PredictionFiles:
    """What a prediction folder holds.

    Attributes:
        result: ``result.json``.
        explanation: ``explanation.json``.
        patches: Rows of ``attention.csv``.
        attributions: Rows of ``attributions.csv``.
        context: ``context.json``; None where there is none of this result.
        written: Day (UTC) on which the result was written: of the context, else of the file.
    """

    result: Mapping[str, object]
    explanation: Mapping[str, object]
    patches: tuple[Mapping[str, str], ...]
    attributions: tuple[Mapping[str, str], ...]
    written: date
    context: ReportContext | None = None

    @property
    def num_models(self) -> int:
        """Number of members that answered."""
        return len(cast("list[object]", self.explanation["members"]))


def read_prediction(folder: Path) -> PredictionFiles:
    """Return the files of a prediction folder.

    Folders of earlier versions, whose result lists no hashes, are read without comparing them.

    Raises:
        ConfigError: ``PREDICTION-FOLDER`` if a file is missing, is not what it should be, or
            belongs to another result.
    """
    texts = {name: _read(folder / name) for name in (RESULT, EXPLANATION, PATCHES, FEATURES)}
    result = _parse(texts[RESULT], RESULT)
    missing = sorted(set(REQUIRED_KEYS) - set(result))
    if missing:
        raise _refusal(RESULT, f"has no {', '.join(missing)}")
    explanation = _parse(texts[EXPLANATION], EXPLANATION)
    _check_shape(result, _RESULT, RESULT)
    _check_shape(explanation, _EXPLANATION, EXPLANATION)
    _check_bonds(result, explanation, texts)
    patches = _rows(texts[PATCHES], PATCHES, ATTENTION_COLUMNS)
    attributions = _rows(texts[FEATURES], FEATURES, ATTRIBUTION_COLUMNS)
    _check_numbers(patches, PATCHES, _PATCH_NUMBERS)
    _check_numbers(attributions, FEATURES, {"attribution": float})
    places = {(row["slide"], row["x"], row["y"]) for row in patches}
    if len(places) < len(patches):
        raise _refusal(PATCHES, "has two slides of one name")
    context = _context(folder, texts[RESULT])
    return PredictionFiles(
        result=result, explanation=explanation, patches=patches, attributions=attributions,
        context=context, written=_day(folder / RESULT) if context is None else context.written,
    )  # fmt: skip


def _context(folder: Path, result: str) -> ReportContext | None:
    if not (folder / CONTEXT).is_file():
        return None
    values = _parse(_read(folder / CONTEXT), CONTEXT)
    return parse_context(values, result_sha256=sha256_of(result))


def _day(path: Path) -> date:
    return datetime.fromtimestamp(path.stat().st_mtime, tz=UTC).date()


def _check_shape(values: Mapping[str, object], shape: Shape, name: str) -> None:
    fault = misfit(values, shape)
    if fault:
        raise _refusal(name, f"cannot be used: {fault}")


def _check_bonds(
    result: Mapping[str, object], explanation: Mapping[str, object], texts: Mapping[str, str]
) -> None:
    """Refuse files of another case or model, or that are not the ones that were written."""
    curve, ranges = (cast("list[object]", one) for one in (result["survival"], _bounds(result)))
    if not curve or len(curve) != len(ranges) or result["risk_group"] not in GROUP_NAMES:
        raise _refusal(RESULT, "has no whole survival curve with its range, or no risk group")
    one, other = (cast("Mapping[str, str]", part["model"]) for part in (result, explanation))
    if (result["case_id"], one["sha256"]) != (explanation["case_id"], other["sha256"]):
        raise _refusal(EXPLANATION, "belongs to another case or model than result.json")
    files = result.get("files") or {}
    if not isinstance(files, Mapping):
        raise _refusal(RESULT, "lists no files")
    for name, text in texts.items():
        if files and name != RESULT and files.get(name) != sha256_of(text):
            raise _refusal(name, "is not the file that was written with result.json")


def _bounds(result: Mapping[str, object]) -> object:
    return cast("Mapping[str, object]", result["range"])["survival"]


def sha256_of(text: str) -> str:
    """Return the SHA-256 of a text as it is written to a file."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _check_numbers(
    rows: tuple[Mapping[str, str], ...], name: str, kinds: Mapping[str, type[int] | type[float]]
) -> None:
    try:
        numbers = [kind(row[column]) for row in rows for column, kind in kinds.items()]
    except ValueError as error:
        raise _refusal(name, "has a cell that is no number") from error
    if not all(map(math.isfinite, numbers)) or any(int(row.get("size", 1)) < 1 for row in rows):
        raise _refusal(name, "has a number that cannot be")


def _parse(text: str, name: str) -> dict[str, object]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _refusal(name, "is not JSON") from error
    if not isinstance(values, dict):
        raise _refusal(name, "holds no names and values")
    return values


def _rows(text: str, name: str, columns: tuple[str, ...]) -> tuple[Mapping[str, str], ...]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    try:
        if tuple(reader.fieldnames or ()) != columns:
            raise _refusal(name, f"does not have the columns {', '.join(columns)}")
        rows = tuple(reader)
    except csv.Error as error:
        raise _refusal(name, "is not CSV") from error
    if any(None in row or None in row.values() for row in rows):
        raise _refusal(name, "has a row of another length")
    return rows


def _read(path: Path) -> str:
    if not path.is_file():
        raise _refusal(path.name, "is missing")
    if path.stat().st_size > _MAX_BYTES:
        raise _refusal(path.name, "is larger than 512 MB")
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refusal(path.name, "is not text in UTF-8") from error


def _refusal(name: str, what: str) -> ConfigError:
    return ConfigError(
        f"{name} {what}",
        code="PREDICTION-FOLDER",
        where=name,
        why="the folder is not a whole prediction",
        fix="give the folder that 'healnet predict --out' wrote",
    )
