"""From the files on the command line to one case."""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from healnet.bundle.model_bundle import ModelBundle
from healnet.cli.progress import ProgressLine, describe
from healnet.data.case import Case
from healnet.data.encode import encode_slide
from healnet.data.feature_store import PatchFeatures, read_features
from healnet.data.input_spec import InputSpec
from healnet.encoders.registry import get_encoder
from healnet.exceptions import EncoderError, Notice, TableError
from healnet.omics.name_match import canonical
from healnet.omics.porpoise import SUFFIXES, is_porpoise, read_porpoise, split_modalities
from healnet.omics.text_rows import open_text_table
from healnet.omics.wide_table import load_table

_BINARY_TABLES = {".parquet", ".pq"}

_OF_ALL_ROWS = frozenset({"TABLE-MISSING", "TABLE-EMPTY-COLUMN"})


@dataclass(frozen=True, kw_only=True, eq=False)
class NamedTable:
    """A table and the modality it is."""

    modality: str
    frame: pd.DataFrame
    file: str
    notices: tuple[Notice, ...] = ()


def build_case(bundle: ModelBundle, options: argparse.Namespace) -> Case:
    """Return the case that the options of ``healnet predict`` describe.

    Raises:
        HealNetError: If a file cannot be used, or it cannot be told which row is the patient.
    """
    tables = [table for text in options.omics for table in load_named(text, bundle.inputs)]
    if options.clinical is not None:
        tables += load_named(f"clinical={options.clinical}", bundle.inputs)
    _check_each_once(tables)
    case_id = _case_id(options.case, tables, (*options.slide, *options.features))
    rows = {table.modality: _row(table, case_id) for table in tables}
    for table in tables:  # before a slide is encoded, which takes minutes
        if table.modality in bundle.inputs.tables:
            bundle.inputs.tables[table.modality].match(tuple(rows[table.modality]))
    slides, notices = _slides(bundle.inputs, options)
    return Case(
        case_id=case_id,
        slides=slides,
        tables=rows,
        notices=(*notices, *(notice for table in tables for notice in _of_the_row(table))),
    )


def _of_the_row(table: NamedTable) -> list[Notice]:
    """Return what was noticed of a table, without what is said of all its rows together."""
    is_one_row = len(table.frame) == 1
    return [one for one in table.notices if is_one_row or one.code not in _OF_ALL_ROWS]


def _check_each_once(tables: Sequence[NamedTable]) -> None:
    first: dict[str, NamedTable] = {}
    for table in tables:
        other = first.setdefault(table.modality, table)
        if other is not table:
            raise TableError(
                f"{table.modality} is in {other.file} and in {table.file}",
                code="CASE-DOUBLE-TABLE",
                where=table.file,
                why="only one of them could be read",
                fix="give one table a modality, or say what each is: --omics NAME=FILE",
            )


def split_name(text: str) -> tuple[str | None, Path]:
    """Return modality and file of ``NAME=FILE``; no modality if there is no name."""
    name, equals, file = text.partition("=")
    if not equals or Path(text).is_file() or "/" in name:
        return None, Path(text)
    return name, Path(file)


def load_named(text: str, inputs: InputSpec) -> list[NamedTable]:
    """Return the tables in ``[NAME=]FILE``.

    Without a name, a file with columns such as ``TP53_mut`` is split by their endings; any
    other is taken for the modality whose names it fits best.
    """
    modality, path = split_name(text)
    if modality is None and path.suffix.lower() not in _BINARY_TABLES:
        header = open_text_table(path).columns
        if is_porpoise(header):
            parts = read_porpoise(path)
            return _named(parts.tables, path, parts.notices)
    loaded = load_table(path)
    if modality is not None:
        return _named({modality: loaded.frame}, path, loaded.notices)
    if any(str(name).endswith(tuple(SUFFIXES)) for name in loaded.frame.columns):
        return _named(split_modalities(loaded.frame), path, loaded.notices)
    return _named({_best_fit(loaded.frame, inputs, path): loaded.frame}, path, loaded.notices)


def _named(
    frames: Mapping[str, pd.DataFrame], path: Path, notices: tuple[Notice, ...]
) -> list[NamedTable]:
    return [
        NamedTable(modality=name, frame=frame, file=path.name, notices=notices)
        for name, frame in frames.items()
    ]


def _best_fit(frame: pd.DataFrame, inputs: InputSpec, path: Path) -> str:
    shares = {}
    for name, schema in inputs.tables.items():
        given = {canonical(str(column), name) for column in frame.columns}
        known = sum(canonical(column, name) in given for column in schema.columns)
        shares[name] = known / len(schema.columns)
    best = max(shares, key=lambda name: shares[name], default=None)
    if best is None or shares[best] == 0:
        raise TableError(
            "no column is one that the model knows",
            code="OMICS-UNMATCHED",
            where=path.name,
            why=f"the model takes {', '.join(inputs.modalities)}",
            fix="say which table it is: --omics NAME=FILE",
        )
    return best


def _case_id(wanted: str | None, tables: Sequence[NamedTable], files: Iterable[Path]) -> str:
    if wanted:
        return wanted
    for table in tables:
        if len(table.frame) > 1:
            raise TableError(
                f"the table has {len(table.frame)} rows",
                code="CASE-UNDECIDED",
                where=table.file,
                why="it cannot be told which row is the patient",
                fix=f"add --case ID, e.g. --case {table.frame.index[0]}",
            )
    ids = sorted({str(table.frame.index[0]) for table in tables})
    if len(ids) > 1:
        raise TableError(
            f"the tables name different patients: {', '.join(ids[:5])}",
            code="CASE-MIXED",
            why="values of two patients would be mixed into one risk",
            fix="give tables of one patient, or add --case ID",
        )
    return ids[0] if ids else next((path.stem for path in files), "case")


def _row(table: NamedTable, case_id: str) -> Mapping[str, object]:
    if case_id not in table.frame.index:
        raise TableError(
            f"there is no row {case_id}",
            code="CASE-UNKNOWN",
            where=table.file,
            why="values of another patient must not be used",
            fix=f"ids look like {', '.join(map(str, table.frame.index[:3]))}",
        )
    row = table.frame.loc[[case_id]]
    return {str(name): column.iloc[0] for name, column in row.items()}


def _slides(
    inputs: InputSpec, options: argparse.Namespace
) -> tuple[tuple[PatchFeatures, ...], tuple[Notice, ...]]:
    read = map(read_features, options.features)
    given = options.slide_mpp
    found = [one if given is None else one.with_user_mpp(given) for one in read]
    if not options.slide:
        return tuple(found), ()
    if inputs.slide is None:
        notice = Notice(
            code="CASE-UNUSED",
            what="the model does not take slides; the slide was not read",
            why=f"it was trained on {', '.join(inputs.modalities)}",
        )
        return tuple(found), (notice,)
    found += [_encode(path, inputs, options) for path in options.slide]
    return tuple(found), ()


def _encode(path: Path, inputs: InputSpec, options: argparse.Namespace) -> PatchFeatures:
    spec = inputs.slide
    if spec is None:
        raise EncoderError("the model takes no slides", code="CASE-UNUSED", where=path.name)
    encoder = get_encoder(spec.encoder.name)
    if encoder.card.digest != spec.encoder.digest:
        raise EncoderError(
            f"this {spec.encoder.name} is not the one that the model was trained with",
            code="FEATURES-ENCODER",
            where=path.name,
            why="its weights or its preprocessing differ, so its numbers mean something else",
            fix="install the version that the model card names",
        )
    line = ProgressLine()
    encoded = encode_slide(
        path,
        encoder=encoder,
        out_dir=options.out / "features",
        mpp=spec.mpp,
        patch_px=spec.patch_px,
        slide_mpp=options.slide_mpp,
        max_patches=options.max_patches,
        progress=lambda now: line.show(f"{path.name}: {describe(now)}"),
    )
    return encoded.features
