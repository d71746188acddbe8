"""The patient's row of each table of a case, read once for each state of the file."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from app.store.records import CaseRecord, FileRecord
from app.store.workspace import table_state
from healnet.exceptions import TableError

if TYPE_CHECKING:
    from healnet.bundle.model_bundle import ModelBundle
    from healnet.omics.name_match import MatchReport


def matched_features(record: CaseRecord, bundle: "ModelBundle") -> "tuple[MatchReport, ...]":
    """Return how much of what the model expects each table of a case has.

    Raises:
        TableError: If a table fits so badly that it is not read.
    """
    schemas = bundle.inputs.tables
    return tuple(
        schemas[file.role].match(tuple(table_row(file))).report
        for file in record.tables
        if file.role in schemas
    )


def check_fit(
    bundle: "ModelBundle", modality: str, row_key: str, row: Mapping[str, object]
) -> None:
    """Refuse a row that the model would refuse; what it does not take at all may be added.

    Args:
        bundle: The model.
        modality: What the table is.
        row_key: How the row is called, for the refusal.
        row: The values.

    Raises:
        HealNetError: As the prediction would.
    """
    from healnet.data.case import Case  # noqa: PLC0415  (loads torch)
    from healnet.predict.answers import encode_checked  # noqa: PLC0415

    if modality in bundle.inputs.tables:
        encode_checked(Case(case_id=row_key, tables={modality: dict(row)}), bundle.inputs)


def table_row(file: FileRecord) -> dict[str, object]:
    """Return the patient's row of a table.

    Raises:
        TableError: ``TABLE-GONE`` or ``TABLE-ROW`` if it is not there any more.
    """
    state = table_state(file)
    row = _rows_of(file.path, state.st_mtime_ns, state.st_size, file.row_key)
    if row is None:
        raise TableError(
            "the patient's row is not in the table any more",
            code="TABLE-ROW",
            where=file.name,
            fix="add the table again and choose the row",
        )
    return dict(row)


def forget_rows() -> None:
    """Drop the rows that are kept in memory."""
    _rows_of.cache_clear()


@lru_cache(maxsize=32)  # one row each: a page asks for the same few several times
def _rows_of(
    path: Path, _modified_ns: int, _size: int, row_key: str
) -> Mapping[str, object] | None:
    from healnet.omics.wide_table import read_table  # noqa: PLC0415  (heavy)

    frame = read_table(path)
    positions = {str(key): position for position, key in enumerate(frame.index)}
    if row_key not in positions:
        return None
    return {str(name): value for name, value in frame.iloc[positions[row_key]].items()}
