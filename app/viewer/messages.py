"""What the page hands to the viewer, and what the viewer says back.

``app/viewer/frontend/src/messages.ts`` mirrors these fields one by one. Positions are level-0
pixels. Addresses are relative to the server's root.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

from app.viewer.map_layer import MapGrid, MapLayer, PatchTable, Region
from healnet.exceptions import ShapeError

__all__ = [
    "AnalysisProgress",
    "MapGrid",
    "MapLayer",
    "PatchTable",
    "Region",
    "ViewerEvent",
    "ViewerScene",
]

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
class AnalysisProgress:
    """What the status bar says while the case is analysed.

    The scene is sent anew at every tenth only; rate and time left stand beside the progress
    of the page, which is live.

    Attributes:
        stage: "Reading patches".
        done: Patches finished.
        total: Patches in all; 0 if not known yet.
    """

    stage: str
    done: int = 0
    total: int = 0


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
