"""What a feature file says beside its arrays: attributes of ours, of CLAM and of TRIDENT."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import h5py
import numpy as np
from jaxtyping import Int64
from numpy import ndarray

from healnet.encoders.protocol import EncoderCard
from healnet.exceptions import FeatureError, Notice
from healnet.slide.properties import is_plausible_mpp

_MAX_ATTRIBUTES = 200
_MAX_TEXT = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Attributes of a feature file under their names.

    Attributes:
        attributes: Numbers, texts and short arrays.
        where: File name for messages.
    """

    attributes: Mapping[str, object]
    where: str

    def text(self, name: str) -> str:
        """Return a text attribute; empty if there is none."""
        value = self.attributes.get(name, "")
        if isinstance(value, bytes):
            return value.decode("utf-8", errors="replace")
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> float | None:
        """Return the first finite number of an attribute, or None."""
        value = np.asarray(self.attributes.get(name, np.nan)).ravel()
        if value.size == 0 or value.dtype.kind not in "iuf" or not math.isfinite(value[0]):
            return None
        return float(value[0])

    def count(self, name: str) -> int | None:
        """Return a positive whole number, or None."""
        value = self.number(name)
        return None if value is None or value < 1 else round(value)

    def mpp(self) -> float | None:
        """Return micrometres per level-0 pixel, or None if unknown or impossible."""
        value = self.number("mpp")
        return value if value is not None and is_plausible_mpp(value) else None

    def json(self, name: str) -> object:
        """Return an attribute that holds JSON, or None if there is none.

        Raises:
            FeatureError: ``FEATURES-FILE`` if it does not.
        """
        text = self.text(name)
        if not text:
            return None
        try:
            return cast("object", json.loads(text))
        except ValueError as error:
            raise FeatureError(
                f"the attribute {name!r} is damaged",
                code="FEATURES-FILE",
                where=self.where,
                fix="encode the slide again",
            ) from error

    def card(self) -> EncoderCard | None:
        """Return the encoder's card, or None if the file has none.

        Raises:
            EncoderError: ``ENCODER-CARD`` if the card is incomplete.
        """
        values = self.json("healnet_encoder_card")
        return EncoderCard.from_dict(values) if isinstance(values, dict) else None

    def notices(self) -> tuple[Notice, ...]:
        """Return the warnings that were stored with the features."""
        stored = self.json("notices")
        rows = stored if isinstance(stored, list) else []
        names = ("code", "what", "where", "why", "fix")
        return tuple(
            Notice(**{name: str(row.get(name, ""))[:1000] for name in names})
            for row in rows
            if isinstance(row, dict)
        )


def read_facts(file: h5py.File, coords: h5py.Dataset, where: str) -> Facts:
    """Return the attributes of a file and of its coordinates; the coordinates' own win."""
    attributes: dict[str, object] = {}
    for owner in (file, coords):
        if len(owner.attrs) > _MAX_ATTRIBUTES:
            raise FeatureError(
                "more attributes than a feature file has", code="FEATURES-SIZE", where=where
            )
        for name in owner.attrs:
            size = owner.attrs.get_id(name).get_storage_size()
            if size <= _MAX_TEXT:
                attributes[name] = owner.attrs[name]
    return Facts(attributes=attributes, where=where)


def patch_size(facts: Facts, coords: Int64[ndarray, "n 2"]) -> tuple[int, tuple[Notice, ...]]:
    """Return the side of a patch in level-0 pixels, and a warning if it had to be inferred.

    Raises:
        FeatureError: ``FEATURES-PATCH-SIZE`` if nothing tells it.
    """
    direct = facts.count("patch_size_level0")
    if direct is not None:
        return direct, ()
    side, level = facts.count("patch_size"), facts.number("patch_level")
    downsample = 1.0 if level == 0 else facts.number("downsample")
    if side is not None and level is not None and downsample is not None:
        return max(round(side * downsample), 1), ()
    step = _smallest_step(coords)
    if step is None:
        raise FeatureError(
            "the size of a patch is not stated, and one patch cannot tell it",
            code="FEATURES-PATCH-SIZE",
            where=facts.where,
            fix="add the attribute 'patch_size_level0' to 'coords'",
        )
    notice = Notice(
        code="FEATURES-PATCH-SIZE",
        what=f"patch size {step} level-0 pixels, taken from the smallest step between patches",
        where=facts.where,
        why="the file does not state it; with overlapping patches the true size is larger",
        fix="add the attribute 'patch_size_level0' to 'coords'",
    )
    return step, (notice,)


def _smallest_step(coords: Int64[ndarray, "n 2"]) -> int | None:
    steps = [np.diff(np.unique(coords[:, axis])) for axis in (0, 1)]
    smallest = [int(step.min()) for step in steps if len(step)]
    return min(smallest) if smallest else None
