"""What can be laid over the slide: maps of scores, the patches behind them, named areas."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from healnet.exceptions import ShapeError


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
        method: ``attention``, ``rollout``, ``gradient`` or ``perturbation``.
        layer: Number of the layer, from 0; None for all of them together.
        head: Number of the head, from 0; None for their mean.
        member: Number of the model, from 0; None for the mean of those used.
        unit: "x uniform", or what the scores count in; empty for a bare number.
        signed: Zero has a meaning and the sign too (raises or lowers the risk).
        url: Address of the scores (``app.tiles.maps``), float32 by row and column.
        grid: The lattice of the scores.
        count: Number of patches with a score.
        minimum: Lowest score.
        maximum: Highest score.
        effective_share: exp(entropy) over the number of patches; None where it means nothing.
        models_apart: How far the estimates of the models lie apart, in the unit of the scores;
            None where it is not known or means nothing.
        method_label: The method as the reader chooses it; made from ``method`` if empty.
    """

    id: str
    title: str
    subtitle: str = ""
    method: str = "attention"
    layer: int | None = None
    head: int | None = None
    member: int | None = None
    unit: str = "x uniform"
    signed: bool = False
    url: str
    grid: MapGrid
    count: int
    minimum: float
    maximum: float
    effective_share: float | None = None
    models_apart: float | None = None
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
