"""Rectangles of level-0 pixels, and coarse fields seen on them.

A slide is drawn block by block. Coarse fields are brought to full resolution with the pixels
around the block, so neighbouring blocks meet without a seam.
Axis names: h height, w width.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from healnet.study.noise import Coarse, Plane
from healnet.study.tissue_layout import FIELD_STEP

CUBIC, LINEAR = Image.Resampling.BICUBIC, Image.Resampling.BILINEAR
MARGIN = 3  # coarse pixels around a block that the cubic kernel needs


@dataclass(frozen=True, kw_only=True)
class Block:
    """A rectangle of level-0 pixels; it may reach beyond the slide."""

    x: int
    y: int
    width: int
    height: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height, self.width


def crop_field(field: Coarse, block: Block) -> tuple[Plane, int, int]:
    """Return the coarse pixels under ``block`` and around it, and their first column and row.

    Beyond the slide the border is repeated.
    """
    left, top = block.x // FIELD_STEP - MARGIN, block.y // FIELD_STEP - MARGIN
    right = -(-(block.x + block.width) // FIELD_STEP) + MARGIN
    bottom = -(-(block.y + block.height) // FIELD_STEP) + MARGIN
    rows = np.clip(np.arange(top, bottom), 0, field.shape[0] - 1)
    columns = np.clip(np.arange(left, right), 0, field.shape[1] - 1)
    return field[np.ix_(rows, columns)], left, top


def upsample(
    field: Coarse, block: Block, *, step: int = 1, kernel: Image.Resampling = CUBIC
) -> Plane:
    """Return the coarse field on every ``step``-th pixel of ``block``.

    Depths need the cubic kernel, whose level lines are smooth; for tones the linear one will do
    at half the time.
    """
    crop, left, top = crop_field(field, block)
    box = (
        block.x / FIELD_STEP - left,
        block.y / FIELD_STEP - top,
        (block.x + block.width) / FIELD_STEP - left,
        (block.y + block.height) / FIELD_STEP - top,
    )
    image = Image.fromarray(np.ascontiguousarray(crop))
    size = (-(-block.width // step), -(-block.height // step))
    return np.array(image.resize(size, kernel, box=box))


def is_above(field: Coarse, block: Block, level: float) -> bool:
    """Return whether the coarse field exceeds ``level`` anywhere on ``block``."""
    return bool((crop_field(field, block)[0] > level).any())
