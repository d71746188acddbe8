"""PORPOISE and MCAT tables: omics, clinical values and outcome in one file, a row a slide.

Columns: ``case_id, slide_id, survival_months, censorship`` (1 = censored), ``site, age,
is_female, oncotree_code``, then ``GENE_rnaseq``, ``GENE_cnv`` and ``GENE_mut``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from healnet.exceptions import Notice, TableError
from healnet.omics.name_match import ENDINGS
from healnet.omics.table_bytes import TableLimits
from healnet.omics.text_rows import open_text_table
from healnet.omics.wide_table import drop_equal_rows, load_rows

SUFFIXES = {ending: modality for modality, ending in ENDINGS.items()}
REQUIRED = ("case_id", "slide_id", "survival_months", "censorship")
_TEXT = frozenset({"slide_id", "site", "oncotree_code"})
# Never inputs: identifiers, the outcome, and a legacy mark that is not a split.
_NOT_CLINICAL = (*REQUIRED, "site", "train")


@dataclass(frozen=True, kw_only=True, eq=False)
class PorpoiseTables:
    """The parts of a PORPOISE table, each with one row a patient and index ``case_id``.

    Attributes:
        tables: By modality; ``rna``, ``cnv``, ``mutation`` (gene symbols without suffix) and
            ``clinical``, those that the file has.
        outcome: Columns ``time_months``, ``event`` (True = death seen), ``site`` (or None),
            ``slide_ids`` (a tuple of names).
        notices: What was noticed.
        name: File name.
    """

    tables: Mapping[str, pd.DataFrame]
    outcome: pd.DataFrame
    notices: tuple[Notice, ...] = ()
    name: str = ""


def is_porpoise(columns: tuple[str, ...]) -> bool:
    """Return whether a header is that of a PORPOISE table."""
    return set(REQUIRED) <= set(columns)


def read_porpoise(path: Path, *, limits: TableLimits | None = None) -> PorpoiseTables:
    """Return the parts of a PORPOISE table (``.csv`` or ``.csv.zip``).

    The rows of a patient with several slides must agree in everything but the slide.

    Raises:
        TableError: If the table cannot be read, a row lacks its outcome, or the rows of a
            patient contradict each other.
    """
    source = open_text_table(path, limits)
    if not is_porpoise(source.columns):
        lacking = [name for name in REQUIRED if name not in source.columns]
        raise TableError(
            f"no column {', '.join(lacking)}", code="TABLE-HEADER", where=path.name
        )
    table = load_rows(source, as_text=_TEXT)
    slides = table.frame.pop("slide_id")
    frame, _ = drop_equal_rows(table.frame, path.name)
    _check_outcome(frame, path.name)
    return PorpoiseTables(
        tables=split_modalities(frame.drop(columns=[c for c in _NOT_CLINICAL if c in frame])),
        outcome=_outcome(frame, slides),
        notices=(*table.notices, *_slide_notice(len(slides), len(frame), path.name)),
        name=path.name,
    )


def _outcome(frame: pd.DataFrame, slides: pd.Series) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "time_months": frame["survival_months"].to_numpy(dtype=np.float64),
            "event": frame["censorship"].to_numpy(dtype=np.float64) == 0,
            "site": frame.get("site"),
            "slide_ids": slides.groupby(level=0, sort=False).agg(tuple).loc[frame.index],
        },
        index=frame.index,
    )


def split_modalities(frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the columns of a combined table by modality, without their suffix.

    ``TP53_mut`` becomes ``TP53`` of ``mutation``; columns without a known suffix are clinical.
    A modality without a column is left out.
    """
    parts: dict[str, dict[str, str]] = {}
    for name in map(str, frame.columns):
        suffix = next((s for s in SUFFIXES if name.endswith(s)), "")
        modality = SUFFIXES.get(suffix, "clinical")
        parts.setdefault(modality, {})[name] = name.removesuffix(suffix)
    order = (*SUFFIXES.values(), "clinical")
    return {
        modality: frame[list(parts[modality])].rename(columns=parts[modality])
        for modality in order
        if modality in parts
    }


def _check_outcome(frame: pd.DataFrame, name: str) -> None:
    for column in ("survival_months", "censorship"):
        is_text = frame[column].dtype.kind == "O"
        missing = frame.index[frame[column].isna()]
        if is_text or len(missing):
            raise TableError(
                f"{column} is {'text' if is_text else f'missing for {len(missing)} patients'}",
                code="TABLE-CELL",
                where=f"{name}, {'' if is_text else missing[0]}",
            )
    wrong = frame.index[~frame["censorship"].isin((0.0, 1.0))]
    if len(wrong):
        raise TableError(
            f"censorship is {frame.loc[wrong[0], 'censorship']:g}; 0 (event) or 1 (censored) "
            "expected",
            code="TABLE-CELL",
            where=f"{name}, {wrong[0]}",
        )


def _slide_notice(rows: int, patients: int, name: str) -> tuple[Notice, ...]:
    if rows == patients:
        return ()
    return (
        Notice(
            code="TABLE-ROW-A-SLIDE",
            what=f"{rows:,} rows are slides of {patients:,} patients; each patient counts once",
            where=name,
        ),
    )
