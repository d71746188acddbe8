"""``config.json``: everything about a model that is neither a weight nor a patient."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import torch
from torch import Tensor

from healnet.bundle.reference import is_salt
from healnet.bundle.weights import without_repeats
from healnet.data.input_spec import InputSpec
from healnet.exceptions import BundleError, HealNetError
from healnet.model.config import HealNetConfig
from healnet.omics.table_schema import TableSchema
from healnet.survival.risk_groups import RiskGroups
from healnet.survival.time_bins import TimeBins

FORMAT_VERSION = 2  # 1 had no trained_on.parquet
_READABLE = (1, 2)
_MOST = 200  # layers, blocks, axes or bands of a network
_STATISTICS = ("mean", "sd", "low", "high")


@dataclass(frozen=True, kw_only=True)
class StoredConfig:
    """What ``config.json`` holds.

    Attributes:
        name: Name of the model.
        model: Configuration of every member.
        time_bins: The axis on which members are averaged.
        member_time_bins: Bins of each member.
        member_modalities: What each member has seen in training and can read.
        inputs: What the model takes, with the scale of all training patients.
        deviation_limits: By member: by table, the limit fitted without its held-out patients.
        groups: Cut-offs on the percentile.
        case_salt: What the hashes of the reference cohort are salted with.
    """

    name: str
    model: HealNetConfig
    time_bins: TimeBins
    member_time_bins: tuple[TimeBins, ...]
    member_modalities: tuple[tuple[str, ...], ...]
    inputs: InputSpec
    deviation_limits: tuple[Mapping[str, float | None], ...]
    groups: RiskGroups
    case_salt: str

    def to_bytes(self) -> bytes:
        """Return the JSON text."""
        values = {
            "format_version": FORMAT_VERSION,
            "name": self.name,
            "model": self.model.to_dict(),
            "time_bins": self.time_bins.to_dict(),
            "member_time_bins": [bins.to_dict() for bins in self.member_time_bins],
            "member_modalities": [list(names) for names in self.member_modalities],
            "inputs": _by_column(self.inputs.to_dict()),
            "deviation_limits": [dict(limits) for limits in self.deviation_limits],
            "groups": self.groups.to_dict(),
            "case_salt": self.case_salt,
        }
        return json.dumps(values, allow_nan=False, ensure_ascii=False, indent=1).encode("utf-8")

    @classmethod
    def from_bytes(cls, content: bytes) -> "StoredConfig":
        """Return what :meth:`to_bytes` wrote.

        Raises:
            BundleError: ``MODEL-NEWER`` for a newer format, ``MODEL-CONFIG`` if anything is
                missing, unknown or of another type.
        """
        values = read_json(content, where="config.json")
        version = values.pop("format_version", None)
        refuse_newer(version, where="config.json")
        if version not in _READABLE or set(values) != set(cls.__dataclass_fields__):
            raise unreadable("it lacks entries or has unknown ones")
        try:
            return _parse(values)
        except HealNetError as error:
            raise unreadable(error.what) from error
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise unreadable("an entry is of another type") from error


def refuse_newer(version: object, *, where: str) -> None:
    """Refuse the format of a program that is newer than this one.

    Raises:
        BundleError: ``MODEL-NEWER``.
    """
    if isinstance(version, int) and version > FORMAT_VERSION:
        raise BundleError(
            f"the model has format {version}; this program reads up to {FORMAT_VERSION}",
            code="MODEL-NEWER",
            where=where,
            why="it was made by a newer version, and parts of it would be misread",
            fix="update this program",
        )


def scale_tensor(schema: TableSchema) -> Tensor:
    """Return the statistics of a schema, one row a feature, as they are stored."""
    rows = [[*(getattr(f, name) for name in _STATISTICS), f.is_usable] for f in schema.features]
    return torch.tensor(rows, dtype=torch.float64)


def with_scale(schema: TableSchema, scale: Tensor, limit: float | None) -> TableSchema:
    """Return the same features with the statistics of :func:`scale_tensor`."""
    features = tuple(
        replace(
            feature,
            mean=row[0],
            sd=row[1],
            low=row[2],
            high=row[3],
            is_usable=bool(row[4]),
        )
        for feature, row in zip(schema.features, scale.tolist(), strict=True)
    )
    return replace(schema, features=features, deviation_limit=limit)


def read_json(content: bytes, *, where: str) -> dict[str, object]:
    """Return the object in a JSON file.

    Raises:
        BundleError: ``MODEL-CONFIG`` if it is not one.
    """
    try:
        values = json.loads(content, object_pairs_hook=without_repeats)
    except (ValueError, RecursionError) as error:
        raise unreadable("it is not JSON", where) from error
    except KeyError as error:
        raise unreadable(f"{error.args[0]!r} stands there twice", where) from error
    if not isinstance(values, dict):
        raise unreadable("it holds no names and values", where)
    return values


def _parse(values: Mapping[str, object]) -> StoredConfig:
    def part(name: str) -> Mapping[str, object]:
        return cast("Mapping[str, object]", values[name])

    bins = cast("Sequence[Mapping[str, object]]", values["member_time_bins"])
    limits = cast("Sequence[Mapping[str, float | None]]", values["deviation_limits"])
    modalities = cast("Sequence[Sequence[str]]", values["member_modalities"])
    salt = str(values["case_salt"])
    if not is_salt(salt):
        raise unreadable("its salt is none")
    model = HealNetConfig.from_dict(part("model"))
    _refuse_endless(model)
    return StoredConfig(
        name=str(values["name"]),
        model=model,
        time_bins=TimeBins.from_dict(part("time_bins")),
        member_time_bins=tuple(TimeBins.from_dict(one) for one in bins),
        member_modalities=tuple(tuple(map(str, names)) for names in modalities),
        inputs=InputSpec.from_dict(_by_row(part("inputs"))),
        deviation_limits=tuple(dict(one) for one in limits),
        groups=RiskGroups.from_dict(part("groups")),
        case_salt=salt,
    )


def _refuse_endless(model: HealNetConfig) -> None:
    """Refuse sizes that would be built for hours before the weights are seen not to fit.

    Widths are compared with the weight file itself, before a network is made.
    """
    sizes = {"depth": model.depth, "self_per_cross": model.self_per_cross}
    for one in model.modalities:
        sizes[f"axes of {one.name}"] = one.axes
        if one.positions is not None:
            sizes[f"num_bands of {one.name}"] = one.positions.num_bands
    for name, size in sizes.items():
        if size > _MOST:
            raise unreadable(f"{name} is {size:g}; at most {_MOST} is read")


def _by_column(inputs: Mapping[str, object]) -> dict[str, object]:
    """Return inputs with the features of a table as columns: a tenth of the text."""
    tables = []
    for table in cast("list[dict[str, object]]", inputs["tables"]):
        features = cast("list[dict[str, object]]", table["features"])
        columns = {name: [feature[name] for feature in features] for name in features[0]}
        tables.append({**table, "features": columns})
    return {**inputs, "tables": tables}


def _by_row(inputs: Mapping[str, object]) -> dict[str, object]:
    tables = []
    for table in cast("list[dict[str, object]]", inputs["tables"]):
        columns = cast("dict[str, list[object]]", table["features"])
        rows = zip(*columns.values(), strict=True)
        features = [dict(zip(columns, row, strict=True)) for row in rows]
        tables.append({**table, "features": features})
    return {**inputs, "tables": tables}


def unreadable(what: str, where: str = "config.json") -> BundleError:
    """Return the refusal of a file that is not what it should be."""
    return BundleError(
        f"the file cannot be read: {what}",
        code="MODEL-CONFIG",
        where=where,
        why="the model would not be the one that was trained",
        fix="copy the model folder again, or train it again",
    )
