"""A PORPOISE table as a cohort: its outcome passes the same checks as any other."""

from pathlib import Path

import numpy as np
import pandas as pd

from healnet.data.cohort import Cohort, Patient
from healnet.data.cohort_settings import CohortSettings
from healnet.data.outcome_columns import check_follow_up, parse_times
from healnet.data.problems import Place, Problems
from healnet.exceptions import CohortError
from healnet.omics.porpoise import read_porpoise


def porpoise_cohort(path: Path, settings: CohortSettings) -> Cohort:
    """Return the patients and tables of a PORPOISE table.

    Raises:
        CohortError: If a time cannot be used.
        TableError: If the table cannot be read, or contradicts itself.
    """
    parts = read_porpoise(path)
    outcome = parts.outcome
    problems = Problems(name=path.name)
    times = parse_times(
        [f"{time:.17g}" for time in outcome["time_months"]],
        [Place(0, str(case_id)) for case_id in outcome.index],
        settings=settings,
        problems=problems,
    )
    problems.raise_if_any()
    odd = check_follow_up(times.months, path.name, unit=settings.time_unit)
    columns = [outcome[name].tolist() for name in ("event", "site", "slide_ids")]
    rows = zip(map(str, outcome.index), times.months.tolist(), *columns, strict=True)
    patients = tuple(
        Patient(
            case_id=case_id,
            time_months=time,
            event=bool(event),
            site=site,
            slide_names=tuple(name for name in names if isinstance(name, str)),  # some blank
        )
        for case_id, time, event, site, names in rows
        if np.isfinite(time)
    )
    kept = {patient.case_id for patient in patients}
    tables = {name: frame[frame.index.isin(kept)] for name, frame in parts.tables.items()}
    if settings.clinical is not None:
        chosen = _chosen(tables.pop("clinical", None), settings, path.name)
        tables |= {} if chosen is None else {"clinical": chosen}
    return Cohort(
        patients=patients,
        tables=tables,
        name=path.name,
        notices=(*parts.notices, *times.notices, *odd),
    )


def _chosen(
    frame: pd.DataFrame | None, settings: CohortSettings, name: str
) -> pd.DataFrame | None:
    """Return the clinical columns that the settings name; None if they name none."""
    names = list(settings.clinical or ())
    if not names:
        return None
    lacking = [one for one in names if frame is None or one not in frame]
    if lacking or frame is None:
        raise CohortError(
            f"no clinical column {', '.join(lacking)}",
            code="COHORT-HEADER",
            where=name,
            fix="correct the list clinical in the YAML file",
        )
    return frame[names]
