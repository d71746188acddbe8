"""What the page hands to the viewer, and what the viewer says back.

``app/viewer/frontend/src/messages.ts`` mirrors these fields one by one. Positions are level-0
pixels. Addresses are relative to the server's root.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

from healnet.exceptions import ShapeError

RESEARCH_ONLY = "Research use only. Not for diagnosis or treatment decisions."


class LevelLike(Protocol):
    """One level of the viewer's pyramid, finest first (see ``app.tiles.pyramid``)."""

    @property
    def width(self) -> int:
        """Columns of pixels."""
        ...

    @property
    def height(self) -> int:
        """Rows of pixels."""
        ...

    @property
    def tile_width(self) -> int:
        """Columns of a tile."""
        ...

    @property
    def tile_height(self) -> int:
        """Rows of a tile."""
        ...


@dataclass(frozen=True, kw_only=True)
class MapGrid:
    """The lattice of a map.

    Cell (row, column) is a square that starts at ``origin + stride * (column, row)``.

    Attributes:
        origin_x: Left edge of the first column.
        origin_y: Upper edge of the first row.
        stride: Side of a cell; need not be whole.
        columns: Number of columns.
        rows: Number of rows.
        patch_size: Side of a patch, which may be larger or smaller than a cell.
    """

    origin_x: float
    origin_y: float
    stride: float
    columns: int
    rows: int
    patch_size: float

    def __post_init__(self) -> None:
        """Refuse an empty lattice."""
        if self.stride <= 0 or self.columns < 1 or self.rows < 1 or self.patch_size <= 0:
            raise ShapeError(
                f"a map of {self.rows} x {self.columns} cells of {self.stride} px is empty",
                code="MAP-GRID",
            )


@dataclass(frozen=True, kw_only=True)
class MapLayer:
    """One map over the slide.

    Attributes:
        id: Unique in the scene and the same in every rerun, e.g. ``attention-2-mean``.
        title: Plain words: "Where the model read from".
        subtitle: How it was made: "cross-attention, layer 2, mean of heads".
        method: ``attention``, ``rollout``, ``gradient``, ``perturbation``, or ``coverage``
            (patches read so far, in one plain colour).
        layer: Number of the layer, None for all of them together.
        head: Number of the head, None for their mean.
        unit: "x uniform", or what the scores count in; empty for a bare number.
        signed: Zero has a meaning and the sign too (raises or lowers the risk).
        url: Address of the scores (``app.tiles.maps``), float32 by row and column.
        grid: The lattice of the scores.
        count: Number of patches with a score.
        minimum: Lowest score.
        maximum: Highest score.
        effective_share: exp(entropy) over the number of patches; None where it means nothing.
        method_label: The method as the reader chooses it; made from ``method`` if empty.
    """

    id: str
    title: str
    subtitle: str = ""
    method: str = "attention"
    layer: int | None = None
    head: int | None = None
    unit: str = "x uniform"
    signed: bool = False
    url: str
    grid: MapGrid
    count: int
    minimum: float
    maximum: float
    effective_share: float | None = None
    method_label: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return the fields as JSON values."""
        label = self.method_label or self.method.capitalize()
        return asdict(self) | {"method_label": label}


@dataclass(frozen=True, kw_only=True)
class PatchTable:
    """The patches behind every map of the scene, numbered as in the exported files.

    Attributes:
        corners_url: Address of their top-left corners, float32 (n, 2).
        cells_url: Address of the patch number of each cell, float32, NaN = none.
        count: Number of patches.
    """

    corners_url: str
    cells_url: str
    count: int


@dataclass(frozen=True, kw_only=True)
class Region:
    """A named area: closed rings of (x, y) points."""

    label: str
    rings: Sequence[Sequence[tuple[float, float]]]


@dataclass(frozen=True, kw_only=True)
class AnalysisProgress:
    """What the status bar says while the case is analysed.

    Attributes:
        stage: "Reading patches".
        done: Patches finished.
        total: Patches in all; 0 if not known yet.
        rate_per_s: Patches per second.
        seconds_left: Estimate.
    """

    stage: str
    done: int = 0
    total: int = 0
    rate_per_s: float | None = None
    seconds_left: float | None = None


@dataclass(frozen=True, kw_only=True)
class ViewerScene:
    """Everything the viewer shows.

    Attributes:
        case_id: The case; another case starts a new viewer, from which nothing is kept.
        title: How the case is called on screen.
        token: Signed slide id (``app.tiles.tokens``).
        version: Short hash of the slide's content (``SlideSource.version``).
        width: Columns of level 0.
        height: Rows of level 0.
        levels: The viewer's pyramid, finest first (``app.tiles.pyramid.lay_pyramid``).
        mpp: Micrometres per level-0 pixel, None if unknown.
        mpp_source: "file" or "user".
        objective: Magnification of the scan, if the file states one.
        maps: What can be laid over the slide; the first one is shown first.
        patches: Exact corners and numbers of the patches; None counts them row by row.
        regions: Named areas that the reader can switch on.
        model_label: Name and version of the model, for saved pictures.
        banner: The line that stays in full screen and in saved pictures.
        analysis: Progress, while the case is being analysed.
        notice: One line over the slide, e.g. why there is no map.
        reports: Which events go back to the page, each with a rerun: "picked".
        height_px: Height of the viewer; None fills the window.
        deep_link: Keep the view in the hash of the address.
    """

    case_id: str
    title: str
    token: str
    version: str
    width: int
    height: int
    levels: Sequence[LevelLike]
    mpp: float | None = None
    mpp_source: str | None = None
    objective: float | None = None
    maps: Sequence[MapLayer] = ()
    patches: PatchTable | None = None
    regions: Sequence[Region] = ()
    model_label: str = ""
    banner: str = RESEARCH_ONLY
    analysis: AnalysisProgress | None = None
    notice: str = ""
    reports: Sequence[str] = ()
    height_px: int | None = None
    deep_link: bool = True

    def __post_init__(self) -> None:
        """Refuse what the viewer could only show wrongly."""
        if self.width < 1 or self.height < 1 or not self.levels:
            raise ShapeError("a slide without pixels cannot be shown", code="VIEWER-SLIDE")
        names = [layer.id for layer in self.maps]
        if len(set(names)) != len(names):
            raise ShapeError(
                f"two maps have the same id among {', '.join(names)}", code="VIEWER-MAPS"
            )

    def to_dict(self) -> dict[str, object]:
        """Return the scene as JSON values, as the front end reads them."""
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return plain | {
            "levels": [_level(level) for level in self.levels],
            "maps": [layer.to_dict() for layer in self.maps],
            "patches": asdict(self.patches) if self.patches else None,
            "regions": [asdict(region) for region in self.regions],
            "analysis": asdict(self.analysis) if self.analysis else None,
            "reports": list(self.reports),
        }


@dataclass(frozen=True, kw_only=True)
class ViewerEvent:
    """What the reader did, where the page asked to be told.

    Attributes:
        kind: "picked".
        patch: Number of the patch.
        map_id: The map that was on screen.
        x: Left edge of the patch.
        y: Upper edge of the patch.
        size: Side of the patch.
    """

    kind: str
    patch: int
    map_id: str
    x: float
    y: float
    size: float

    @classmethod
    def from_message(cls, kind: str, message: Mapping[str, object]) -> "ViewerEvent | None":
        """Return the event in a message of the browser, or None if it is not a sound one."""
        numbers = [message.get(name) for name in ("patch", "x", "y", "size")]
        if not all(isinstance(number, int | float) for number in numbers):
            return None
        patch, x, y, size = (float(str(number)) for number in numbers)
        name = str(message.get("map", ""))
        return cls(kind=kind, patch=int(patch), map_id=name, x=x, y=y, size=size)


def _level(level: LevelLike) -> dict[str, int]:
    return {
        name: int(getattr(level, name))
        for name in ("width", "height", "tile_width", "tile_height")
    }
