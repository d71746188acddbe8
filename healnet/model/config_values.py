"""Checks of the values in a configuration, each named in its refusal."""

import math
from collections.abc import Mapping

from healnet.exceptions import ConfigError

_WORDS = {int: "a whole number", float: "a finite number", str: "a text"}
_KINDS: Mapping[object, type] = {
    int: int, int | None: int, float: float, float | None: float, str: str,
}  # fmt: skip


def check_types(fields: Mapping[str, tuple[object, object]]) -> None:
    """Refuse a value of another type than its field has.

    Args:
        fields: By name: the value and the type of the field. Other types than numbers and
            texts, or either or None, are left to the field.
    """
    for name, (value, field) in fields.items():
        kind = _KINDS.get(field)
        is_gap = value is None and field in (int | None, float | None)
        if kind is None or is_gap:
            continue
        wanted = int | float if kind is float else kind
        if isinstance(value, bool) or not isinstance(value, wanted):
            raise ConfigError(f"{name} must be {_WORDS[kind]}; got {value!r}")


def check_counts(config: object, names: tuple[str, ...]) -> None:
    """Refuse a field that is no whole number of at least 1."""
    for name in names:
        value = getattr(config, name)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ConfigError(f"{name} must be a whole number of at least 1; got {value!r}")


def check_numbers(config: object, names: tuple[str, ...]) -> None:
    """Refuse a field that is no finite number."""
    for name in names:
        value = getattr(config, name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value):
            raise ConfigError(f"{name} must be a finite number; got {value!r}")


def check_choice(name: str, value: object, known: tuple[str, ...]) -> None:
    """Refuse a word that is not one of those known."""
    if not isinstance(value, str) or value not in known:
        raise ConfigError(f"{name} {value!r} is unknown; known: {', '.join(known)}")
