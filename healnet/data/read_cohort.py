"""Reading a cohort: ``COHORT.csv`` with its YAML file and omic tables, or a PORPOISE table."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy import ndarray

from healnet.data.clinical_columns import clinical_table
from healnet.data.cohort import Cohort, Patient
from healnet.data.cohort_settings import CohortSettings, read_settings
from healnet.data.leakage import check_shared_files, leakage_notices
from healnet.data.like_ids import refuse_like_ids
from healnet.data.omic_tables import read_omic_tables
from healnet.data.outcome_columns import check_follow_up, parse_events, parse_times
from healnet.data.porpoise_cohort import porpoise_cohort
from healnet.data.problems import Place, Problems
from healnet.exceptions import CohortError, Notice
from healnet.omics.porpoise import is_porpoise
from healnet.omics.text_rows import TextTable, open_text_table, shown

TIME_COLUMNS = {"time_months": None, "time": None, "time_days": "days", "time_years": "years"}
_NAMED = ("event", "slides", "features", "site")
_FIRST = 10
SLIDE_ENDINGS = frozenset(
    ("svs", "tif", "tiff", "ndpi", "mrxs", "scn", "bif", "svslide", "czi", "vms", "vmu", "dcm")
)
Columns = Mapping[str, Sequence[str]]


def read_cohort(path: Path, *, omics: Mapping[str, Path] | None = None) -> Cohort:
    """Return the cohort in a table.

    ``COHORT.csv`` has one row a patient: ``case_id, time_months, event`` (1 = happened), and
    any of ``slides`` and ``features`` (paths from the table's folder, joined by ``;``),
    ``site`` and clinical columns. What it cannot say stands in ``COHORT.yaml`` beside it
    (:mod:`healnet.data.cohort_settings`). PORPOISE tables are recognised by their columns.

    Args:
        path: The table.
        omics: Further wide tables by modality; they replace those of the YAML file.

    Raises:
        CohortError: Naming every cell that cannot be used, every file that is missing, or the
            question that has to be answered first.
        TableError: If a file is not a table, or an omic table has bad cells.
    """
    settings = read_settings(path)
    settings = replace(settings, omics={**settings.omics, **(omics or {})})
    source = open_text_table(path)
    cohort = (
        porpoise_cohort(path, settings)
        if is_porpoise(source.columns)
        else _from_rows(source, path.parent, settings)
    )
    refuse_like_ids(cohort.case_ids, cohort.name)
    _refuse_second_tables(settings, cohort)
    tables, notices = read_omic_tables(settings, cohort.case_ids)
    _check_features(settings, cohort)
    patients = tuple(_with_features(patient, settings) for patient in cohort.patients)
    cohort = replace(
        cohort,
        patients=patients,
        tables={**tables, **cohort.tables},
        units=settings.units,
        slide_mpp=settings.slide_mpp,
        endpoint=settings.endpoint,
        notices=(*cohort.notices, *notices, *_lacking_notices(patients, settings)),
    )
    _check_files(cohort)
    check_shared_files(cohort)
    suspicions = leakage_notices(cohort, chosen_columns=settings.clinical)
    return replace(cohort, notices=(*cohort.notices, *suspicions))


def _from_rows(source: TextTable, folder: Path, settings: CohortSettings) -> Cohort:
    problems = Problems(name=source.name)
    time_name = _time_column(source)
    if unit := TIME_COLUMNS[time_name]:
        settings = replace(settings, time_unit=unit)
    places, columns, notices = _unique_rows(source, problems)
    times = parse_times(columns[time_name], places, settings=settings, problems=problems)
    events = parse_events(columns["event"], places, settings=settings, problems=problems)
    taken = {source.columns[source.id_column()], *TIME_COLUMNS, *_NAMED, ""}
    clinical = clinical_table(
        columns, places, taken=taken, settings=settings, problems=problems
    )
    problems.raise_if_any()
    odd = check_follow_up(times.months, source.name, unit=settings.time_unit)
    patients = _patients(columns, places, outcome=(times.months, events), folder=folder)
    kept = [patient.case_id for patient in patients]
    return Cohort(
        patients=patients,
        tables={} if clinical is None else {"clinical": clinical.loc[kept]},
        name=source.name,
        notices=(*source.notices, *notices, *times.notices, *odd),
    )


def _patients(
    columns: Columns,
    places: Sequence[Place],
    *,
    outcome: tuple[ndarray, ndarray],
    folder: Path,
) -> tuple[Patient, ...]:
    """Return the patients whose time is known; a time left out is NaN."""
    return tuple(
        Patient(
            case_id=place.case_id,
            time_months=float(time),
            event=bool(event),
            site=_cell(columns, "site", row) or None,
            slides=_paths(_cell(columns, "slides", row), folder),
            features=_paths(_cell(columns, "features", row), folder),
        )
        for row, (place, time, event) in enumerate(zip(places, *outcome, strict=True))
        if np.isfinite(time)
    )


def _time_column(source: TextTable) -> str:
    found = [name for name in TIME_COLUMNS if name in source.columns]
    if len(found) == 1 and "event" in source.columns:
        return found[0]
    what = (
        f"{' and '.join(found)} are both there"
        if len(found) > 1
        else f"no column {'event' if found else 'time_months'}"
    )
    raise CohortError(
        what,
        code="COHORT-HEADER",
        where=f"{source.name}, columns {', '.join(map(shown, source.columns[:_FIRST]))}",
        fix="a cohort table needs case_id, time_months and event",
    )


def _unique_rows(
    source: TextTable, problems: Problems
) -> tuple[list[Place], dict[str, list[str]], tuple[Notice, ...]]:
    """Return the rows as columns of text, each patient once."""
    id_column = source.id_column()
    seen: dict[str, tuple[Place, list[str]]] = {}
    repeated = 0
    for number, cells in source.rows():
        place = Place(number, cells[id_column])
        if not place.case_id.strip() or place.case_id != place.case_id.strip():
            problems.add(
                place, source.columns[id_column], "the id is blank or has blanks around it"
            )
        elif place.case_id not in seen:
            seen[place.case_id] = (place, cells)
        elif seen[place.case_id][1] == cells:
            repeated += 1
        else:
            first = seen[place.case_id][0].row
            problems.add(place, source.columns[id_column], f"other values than in row {first}")
    if not seen:
        problems.raise_if_any()
        raise CohortError("0 patients under the header", code="COHORT-EMPTY", where=source.name)
    places = [place for place, _ in seen.values()]
    by_column = zip(*(cells for _, cells in seen.values()), strict=True)
    columns = {n: list(cells) for n, cells in zip(source.columns, by_column, strict=True)}
    return places, columns, _repeated_notice(repeated, source.name)


def _paths(cell: str, folder: Path) -> tuple[Path, ...]:
    if not cell:
        return ()
    return tuple(folder / part.strip() for part in cell.split(";") if part.strip())


def _cell(columns: Columns, name: str, row: int) -> str:
    return columns[name][row].strip() if name in columns else ""


def _with_features(patient: Patient, settings: CohortSettings) -> Patient:
    further = list(settings.features.get(patient.case_id, ()))
    if settings.features_folder is not None:
        named = [_features_of(n, settings.features_folder) for n in patient.slide_names]
        further += [path for path in named if path is not None]
    return replace(patient, features=(*patient.features, *further)) if further else patient


def _features_of(slide_name: str, folder: Path) -> Path | None:
    """Return the feature file of a slide; a dot in its name is not an ending."""
    stem, dot, ending = slide_name.rpartition(".")
    names = [slide_name, stem] if dot and ending.lower() in SLIDE_ENDINGS else [slide_name]
    found = (folder / f"{name}.h5" for name in names)
    return next((path for path in found if path.is_file()), None)


def _lacking_notices(
    patients: Sequence[Patient], settings: CohortSettings
) -> tuple[Notice, ...]:
    """Return a notice if slides that the table names have no features in the folder."""
    named = sum(len(patient.slide_names) for patient in patients)
    found = sum(len(patient.features) for patient in patients)
    if settings.features_folder is None or found >= named:
        return ()
    what = f"{found:,} of {named:,} slides have a feature file"
    why = "for patients without any the slide is absent"
    where = settings.features_folder.name
    return (Notice(code="COHORT-NO-FEATURES", what=what, where=where, why=why),)


def _refuse_second_tables(settings: CohortSettings, cohort: Cohort) -> None:
    """Refuse a file for a modality that the cohort table has columns of."""
    for modality in settings.omics:
        if modality not in cohort.tables:
            continue
        columns = ", ".join(shown(str(name)) for name in cohort.tables[modality].columns[:5])
        leave_out = " or write clinical: [] in the YAML file to leave the columns out"
        raise CohortError(
            f"{modality} is in {settings.omics[modality].name} and in columns of "
            f"{cohort.name} ({columns})",
            code="COHORT-DOUBLE-TABLE",
            where=cohort.name,
            why="only one of them could be read",
            fix="give one of them only: do not name the file,"
            + (leave_out if modality == "clinical" else " or remove the columns"),
        )


def _check_features(settings: CohortSettings, cohort: Cohort) -> None:
    unknown = sorted(set(settings.features) - set(cohort.case_ids))
    if unknown:
        raise CohortError(
            f"features are given for {len(unknown)} unknown patients: {', '.join(unknown[:5])}",
            code="COHORT-SETTINGS",
            where=cohort.name,
        )


def _check_files(cohort: Cohort) -> None:
    """Name every missing file at once."""
    missing = [
        f"{path.name} ({patient.case_id})"
        for patient in cohort.patients
        for path in (*patient.slides, *patient.features)
        if not path.exists()
    ]
    if missing:
        more = f" and {len(missing) - _FIRST} more" if len(missing) > _FIRST else ""
        raise CohortError(
            f"{len(missing)} files are not there: {', '.join(missing[:_FIRST])}{more}",
            code="COHORT-FILES",
            where=cohort.name,
            fix="paths start at the folder of the table; correct them or bring the files",
        )


def _repeated_notice(count: int, name: str) -> tuple[Notice, ...]:
    if not count:
        return ()
    what = f"{count} rows repeat a patient exactly and were left out"
    return (Notice(code="COHORT-REPEATED", what=what, where=name),)
