"""What a slide file says about itself, and the limits it must keep."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Literal, cast

from healnet.exceptions import Notice, SlideError

MppSource = Literal["file", "user"]
ReaderName = Literal["openslide", "formats"]
# Below lies the wavelength of light, above is coarser than any slide scanner's overview image.
MPP_RANGE = (0.05, 100.0)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How large a slide may be before it is refused.

    Attributes:
        file_bytes: Size of the file.
        side_px: Width or height of level 0.
        pages: Image directories in one file.
        tile_bytes: One decoded tile.
        untiled_bytes: A decoded image that is stored in one piece; needs the extra ``formats``.
        child_bytes: Address space of the probing process.
        child_cpu_s: Processor time of the probing process, seconds.
        child_wall_s: Duration of the probing process, seconds.
    """

    file_bytes: int = 20 * 1000**3
    side_px: int = 400_000
    pages: int = 1_000
    tile_bytes: int = 64 * 1024**2
    untiled_bytes: int = 256 * 1024**2
    child_bytes: int = 2 * 1024**3
    child_cpu_s: int = 20
    child_wall_s: int = 30


@dataclass(frozen=True, kw_only=True)
class Level:
    """One stored resolution of a slide.

    Attributes:
        width: Columns of pixels.
        height: Rows of pixels.
        downsample: Level-0 pixels per pixel of this level.
        tile_width: Width of its stored tiles; 0 if it is not tiled.
        tile_height: Height of its stored tiles; 0 if it is not tiled.
    """

    width: int
    height: int
    downsample: float
    tile_width: int = 0
    tile_height: int = 0


@dataclass(frozen=True, kw_only=True)
class SlideProperties:
    """What is known of a slide without looking at its pixels.

    Attributes:
        width: Columns of level 0.
        height: Rows of level 0.
        mpp: Micrometres per level-0 pixel, mean of both axes; None if the file does not say or
            says something impossible.
        mpp_source: Who said so.
        mpp_declared: What the file says, also where it is impossible.
        objective: Magnification of the objective.
        vendor: Kind of file, e.g. ``aperio``.
        levels: Stored resolutions, finest first.
        is_mislabelled_rgb: The file calls its colours YCbCr although they can only be RGB.
        reader: Which reader knows the file: ``openslide``, or ``formats`` for the extra.
        has_exact_tiles: Its stored JPEG tiles decode to the very pixels that a reader gives.
        notices: What a reader of any result from this slide must know.
    """

    width: int
    height: int
    mpp: float | None = None
    mpp_source: MppSource | None = None
    mpp_declared: float | None = None
    objective: float | None = None
    vendor: str = ""
    levels: tuple[Level, ...] = ()
    is_mislabelled_rgb: bool = False
    has_exact_tiles: bool = False
    reader: ReaderName = "openslide"
    notices: tuple[Notice, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a slide without pixels, or an impossible pixel size."""
        if self.width < 1 or self.height < 1 or not self.levels:
            raise SlideError(
                f"the slide has {self.width} x {self.height} pixels", code="SLIDE-DAMAGED"
            )
        if self.mpp is not None and not is_plausible_mpp(self.mpp):
            raise SlideError(
                f"{self.mpp:g} um per pixel is impossible",
                code="SLIDE-MPP-ABSURD",
                fix=f"give a value between {MPP_RANGE[0]:g} and {MPP_RANGE[1]:g} um per pixel",
            )

    @property
    def downsamples(self) -> tuple[float, ...]:
        """Level-0 pixels per pixel of each stored level."""
        return tuple(level.downsample for level in self.levels)

    def with_user_mpp(self, mpp: float, *, name: str = "") -> "SlideProperties":
        """Return the same properties with the user's pixel size, marked as such.

        Args:
            mpp: Micrometres per level-0 pixel.
            name: File name for the notice.

        Raises:
            SlideError: ``SLIDE-MPP-ABSURD`` if no slide has such a pixel size.
        """
        notices = marked_as_users(self.notices, mpp, stated=self.mpp_declared, name=name)
        return replace(self, mpp=mpp, mpp_source="user", notices=notices)

    def to_dict(self) -> dict[str, object]:
        """Return the fields as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> "SlideProperties":
        """Return the properties that :meth:`to_dict` wrote."""
        fields = dict(values)
        levels = cast("list[dict[str, float]]", fields["levels"])
        notices = cast("list[dict[str, str]]", fields["notices"])
        fields["levels"] = tuple(Level(**level) for level in levels)  # type: ignore[arg-type]
        fields["notices"] = tuple(Notice(**notice) for notice in notices)
        return cls(**fields)  # type: ignore[arg-type]


def marked_as_users(
    notices: tuple[Notice, ...], mpp: float, *, stated: float | None, name: str
) -> tuple[Notice, ...]:
    """Return notices that say once that the pixel size was given by hand.

    Args:
        notices: Those there are; an earlier ``SLIDE-MPP-USER`` is replaced.
        mpp: The user's micrometres per level-0 pixel.
        stated: What the file states, if anything.
        name: File name.
    """
    is_same = stated is not None and math.isclose(stated, mpp, rel_tol=1e-3)
    file_says = "nothing" if stated is None else f"{stated:g}"
    notice = Notice(
        code="SLIDE-MPP-USER",
        what=f"{mpp:g} um per pixel was given by hand"
        + ("" if is_same else f"; the file states {file_says}"),
        where=name,
        why="if it is wrong, nuclei were read at the wrong size",
        fix="compare it with the settings of the scanner",
    )
    return (*(one for one in notices if one.code != notice.code), notice)


def is_plausible_mpp(mpp: float) -> bool:
    """Return whether a slide scanner could have pixels of this size, micrometres."""
    return MPP_RANGE[0] <= mpp <= MPP_RANGE[1]
