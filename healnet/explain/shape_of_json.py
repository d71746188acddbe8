"""Does a JSON value have the shape that a program relies on? Says where it does not."""

import math
from collections.abc import Mapping
from typing import Any

Shape = type | list[Any] | dict[str, Any]  # list: of any length; dict: at least these


def misfit(value: object, shape: Shape, *, at: str = "it") -> str:
    """Return the place and the fault of the first misfit; empty if there is none.

    ``float`` stands for any finite number, ``dict`` for names with numbers.
    """
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"{at} is no list"
        faults = (misfit(one, shape[0], at=f"{at}[{i}]") for i, one in enumerate(value))
        return next(filter(None, faults), "")
    if isinstance(shape, dict):
        if not isinstance(value, Mapping):
            return f"{at} holds no names and values"
        absent = sorted(set(shape) - set(value))
        if absent:
            return f"{at} has no {', '.join(absent)}"
        faults = (misfit(value[name], part, at=name) for name, part in shape.items())
        return next(filter(None, faults), "")
    return "" if _is(value, shape) else f"{at} is not of the right type"


def _is(value: object, kind: type) -> bool:
    if kind is float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and math.isfinite(value)  # type: ignore[arg-type]
    if kind is dict:
        return isinstance(value, Mapping) and all(_is(one, float) for one in value.values())
    return isinstance(value, kind)
