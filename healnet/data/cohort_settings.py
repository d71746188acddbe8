"""What a cohort table cannot say itself: the small YAML file beside it.

omics: {rna: rna.csv, cnv: cnv.csv}      # wide tables, paths from this file
units: {rna: log2(TPM+1), age: years}
clinical: [age, sex]                     # columns that are inputs; default: all others
event_values: {event: [Dead], censored: [Alive]}
time_unit: months                        # or days, years: unit of the time column
zero_times: half_day                     # or leave_out
id_match: exact                          # or fold: case, blanks, dashes do not count
slide_mpp: 0.25                          # where feature files do not say it
features: {TCGA-AD-6964: [bag.h5]}       # beside or instead of the column
features_folder: h5_files                # SLIDE.h5 for the slides that a PORPOISE table names
endpoint: overall survival
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import NoneType
from typing import Any, cast

from healnet.data.yaml_text import parse_yaml
from healnet.exceptions import CohortError, ConfigError

MONTHS_PER = {"months": 1.0, "days": 12 / 365.25, "years": 12.0}
_CHOICES = {
    "time_unit": tuple(MONTHS_PER),
    "zero_times": ("refuse", "half_day", "leave_out"),
    "id_match": ("exact", "fold"),
}
_MAX_BYTES = 1_000_000
_PACKED, _SHEETS = (".zip", ".gz"), (".csv", ".tsv", ".txt")


@dataclass(frozen=True, kw_only=True)
class CohortSettings:
    """How to read a cohort table. Every field has the value that assumes nothing.

    Attributes:
        omics: Wide tables by modality.
        units: Unit by column, or by modality for all of its columns.
        clinical: Columns that are clinical inputs; None: all that are not named otherwise.
        event_values: The texts or codes of ``event`` and of ``censored``; yes, true and on
            mean each other, so do no, false and off.
        time_unit: Unit of the time column.
        zero_times: What to do with a time of 0.
        id_match: How ids of omic tables are compared with those of the cohort.
        slide_mpp: Micrometres per level-0 pixel where feature files do not say.
        features: Further feature files by case id.
        features_folder: Holds ``SLIDE.h5`` for the slides that a table names by ``slide_id``.
        endpoint: What the event is, for labels.
    """

    omics: Mapping[str, Path] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    clinical: tuple[str, ...] | None = None
    event_values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    time_unit: str = "months"
    zero_times: str = "refuse"
    id_match: str = "exact"
    slide_mpp: float | None = None
    features: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    features_folder: Path | None = None
    endpoint: str = ""

    def __post_init__(self) -> None:
        """Refuse an unknown choice."""
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise _wrong(f"{name} is {getattr(self, name)!r}; known: {', '.join(choices)}")
        if self.event_values and set(self.event_values) != {"event", "censored"}:
            raise _wrong("event_values needs the lists event and censored")
        if self.slide_mpp is not None and not 0 < self.slide_mpp < 100:  # noqa: PLR2004
            raise _wrong(f"slide_mpp is {self.slide_mpp}; micrometres per pixel expected")


def read_settings(table: Path) -> CohortSettings:
    """Return the settings in the YAML file beside a table, or the defaults if there is none.

    For ``cohort.csv`` and ``cohort.csv.zip`` the file is ``cohort.yaml`` or ``cohort.yml``; for
    ``cohort.v2.csv`` it is ``cohort.v2.yaml``.

    Raises:
        CohortError: ``COHORT-SETTINGS`` if the file is not usable.
    """
    stem = table.name
    for endings in (_PACKED, _SHEETS):
        stem = next((stem.removesuffix(e) for e in endings if stem.lower().endswith(e)), stem)
    for path in (table.with_name(f"{stem}.yaml"), table.with_name(f"{stem}.yml")):
        if path.is_file():
            return _parse(path)
    return CohortSettings()


def _parse(path: Path) -> CohortSettings:
    values = _load(path)
    known = {field.name for field in fields(CohortSettings)}
    if not set(map(str, values)) <= known:
        raise _wrong(f"only these names are known: {', '.join(sorted(known))}", path.name)
    converted: dict[str, Any] = {}
    for name, value in values.items():
        try:
            converted[str(name)] = _convert(str(name), value, path.parent)
        except (TypeError, ValueError, AttributeError) as error:
            raise _wrong(f"{name} has the wrong form", path.name) from error
    try:
        return CohortSettings(**converted)
    except CohortError as error:
        raise _wrong(error.what, path.name) from error


def _load(path: Path) -> dict[object, object]:
    if path.stat().st_size > _MAX_BYTES:
        raise _wrong("larger than 1 MB", path.name)
    try:
        content = parse_yaml(path.read_bytes())
    except ConfigError as error:
        raise _wrong(error.what, path.name) from error
    if not isinstance(content, (dict, NoneType)):
        raise _wrong(
            "names with values expected, such as endpoint: overall survival", path.name
        )
    return content or {}


def _number(value: object) -> float:
    if isinstance(value, bool):
        raise TypeError("yes and no are not numbers")
    return float(cast("float", value))


def _convert(name: str, value: Any, folder: Path) -> object:  # noqa: ANN401  (YAML holds anything)
    converters: dict[str, Callable[[Any], object]] = {
        "omics": lambda v: {str(key): folder / str(file) for key, file in v.items()},
        "features": lambda v: {
            str(key): tuple(folder / str(file) for file in _listed(files))
            for key, files in v.items()
        },
        "features_folder": lambda v: folder / str(v),
        "units": lambda v: {str(key): str(unit) for key, unit in v.items()},
        "event_values": lambda v: {
            str(key): tuple(text for one in _listed(codes) for text in _spellings(one))
            for key, codes in v.items()
        },
        "clinical": lambda v: tuple(map(str, _listed(v))),
        "slide_mpp": _number,
    }
    return converters.get(name, str)(value)


def _spellings(code: object) -> tuple[str, ...]:
    """Return the texts that a code stands for: YAML itself makes true of yes and on."""
    if isinstance(code, bool):
        return ("yes", "true", "on") if code else ("no", "false", "off")
    return (str(code),)


def _listed(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else [value]


def _wrong(what: str, name: str = "") -> CohortError:
    return CohortError(what, code="COHORT-SETTINGS", where=name, fix="correct the YAML file")
