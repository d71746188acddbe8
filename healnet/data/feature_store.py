"""Features of the patches of one slide, in memory and in an HDF5 file.

The layout is that of CLAM and TRIDENT (``features`` and ``coords``), so that features made
elsewhere can be brought along; what those files do not say is added as attributes.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float, Int64
from numpy import ndarray

from healnet.data.feature_writer import ROWS_A_CHUNK, FeatureWriter
from healnet.encoders.protocol import EncoderCard
from healnet.exceptions import FeatureError, Notice
from healnet.slide.geometry import PatchGrid
from healnet.slide.properties import is_plausible_mpp, marked_as_users

MppSource = Literal["file", "user"]


@dataclass(frozen=True, kw_only=True, eq=False)
class PatchFeatures:
    """One feature vector a patch, and where each patch lies on its slide.

    Attributes:
        features: float16 or float32.
        coords: Top-left corners (x, y), level-0 pixels.
        patch_size_l0: Side of a patch, level-0 pixels.
        mpp: Micrometres per level-0 pixel; None if unknown.
        mpp_source: Who said so: the slide file or the user.
        patch_px: Side of a patch as the encoder saw it, pixels; None if unknown.
        grid: The lattice the corners lie on; None if unknown.
        encoder: Card of the encoder; None if unknown.
        slide_sha256: Hash of the slide file; None if unknown.
        source_sha256: Hash of the feature file, or of the arrays if there is no file.
        name: Name of the slide, without folder.
        slide_width: Level-0 columns of the slide; None if unknown.
        slide_height: Level-0 rows of the slide; None if unknown.
        notices: What a reader of any result from these features must know.
    """

    features: Float[ndarray, "n d"]
    coords: Int64[ndarray, "n 2"]
    patch_size_l0: int
    mpp: float | None = None
    mpp_source: MppSource | None = None
    patch_px: int | None = None
    grid: PatchGrid | None = None
    encoder: EncoderCard | None = None
    slide_sha256: str | None = None
    source_sha256: str = ""
    name: str = ""
    slide_width: int | None = None
    slide_height: int | None = None
    notices: tuple[Notice, ...] = ()

    def __post_init__(self) -> None:
        """Refuse arrays that do not belong together."""
        if len(self.features) == 0:
            raise FeatureError("there is not one patch", code="FEATURES-EMPTY", where=self.name)
        if len(self.features) != len(self.coords):
            raise FeatureError(
                f"{len(self.features)} feature rows for {len(self.coords)} patches",
                code="FEATURES-LENGTH",
                where=self.name,
            )
        if self.features.dtype not in (np.float16, np.float32):
            raise FeatureError(
                f"features are {self.features.dtype}; float16 or float32 expected",
                code="FEATURES-TYPE",
                where=self.name,
            )
        if self.patch_size_l0 < 1:
            raise FeatureError("patch size must be positive", where=self.name)

    def __len__(self) -> int:
        """Return the number of patches."""
        return len(self.features)

    @property
    def dim(self) -> int:
        """Number of features of a patch."""
        return int(self.features.shape[1])

    @property
    def patch_um(self) -> float | None:
        """Side of a patch in micrometres; None if the pixel size is unknown."""
        return None if self.mpp is None else self.patch_size_l0 * self.mpp

    def with_user_mpp(self, mpp: float, *, where: str = "") -> "PatchFeatures":
        """Return the same features with the user's pixel size, marked as such.

        Args:
            mpp: Micrometres per level-0 pixel.
            where: For the notice; the name of the slide by default.

        Raises:
            FeatureError: ``SLIDE-MPP-ABSURD`` if no slide has such a pixel size.
        """
        if not is_plausible_mpp(mpp):
            raise FeatureError(
                f"{mpp:g} um per pixel is impossible", code="SLIDE-MPP-ABSURD", where=self.name
            )
        stated = self.mpp if self.mpp_source == "file" else None
        notices = marked_as_users(self.notices, mpp, stated=stated, name=where or self.name)
        return replace(self, mpp=mpp, mpp_source="user", notices=notices)


def write_features(path: Path, features: PatchFeatures) -> Path:
    """Write features atomically: a whole file or none.

    Args:
        path: Where; an existing file is replaced only by a complete one.
        features: What.
    """
    with FeatureWriter(
        path, coords=features.coords, dim=features.dim, dtype=str(features.features.dtype)
    ) as writer:
        for start in range(0, len(features), ROWS_A_CHUNK):
            rows = np.arange(start, min(start + ROWS_A_CHUNK, len(features)), dtype=np.int64)
            writer.write(rows, features.features[rows])
        return writer.finish(attributes_of(features), patch_size_l0=features.patch_size_l0)


def attributes_of(features: PatchFeatures) -> dict[str, object]:
    """Return what a file says about its features beside the arrays."""
    return {
        "name": features.name,
        "mpp": features.mpp,
        "mpp_source": features.mpp_source,
        "patch_px": features.patch_px,
        "grid": None if features.grid is None else features.grid.to_dict(),
        "healnet_encoder_card": None
        if features.encoder is None
        else features.encoder.to_dict(),
        "slide_sha256": features.slide_sha256,
        "level0_width": features.slide_width,
        "level0_height": features.slide_height,
        "notices": [notice.to_dict() for notice in features.notices],
    }


def read_features(path: Path) -> PatchFeatures:
    """Return the features in an HDF5 file: ours, CLAM's or TRIDENT's.

    Raises:
        FeatureError: If the file is damaged, unsafe, or not a feature file.
    """
    from healnet.data.feature_reader import read_feature_file  # noqa: PLC0415  (it needs this)

    return read_feature_file(path)
