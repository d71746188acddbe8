"""How the nuclei of each kind of cell look."""

from dataclasses import dataclass
from enum import IntEnum


class CellKind(IntEnum):
    """What a nucleus belongs to."""

    TUMOUR = 0
    GLAND = 1
    LYMPHOCYTE = 2
    FIBROBLAST = 3
    MUSCLE = 4
    ENDOTHELIUM = 5
    NEUTROPHIL = 6
    DEBRIS = 7
    MITOSIS = 8
    PLASMA = 9


@dataclass(frozen=True, kw_only=True)
class NucleusLook:
    """How the nuclei of one kind look. Lengths in pixels of 0.5 um.

    Attributes:
        count: Sprites in the library.
        side: Side of the square.
        length: Half axis along the cell's direction: mean.
        width: Half axis across.
        spread: Relative deviation of both (pleomorphism).
        irregular: Relative deviation of the outline from an ellipse.
        bend: Curvature of spindle nuclei, as a share of the length.
        density: Haematoxylin at the centre: mean.
        density_spread: Relative deviation between nuclei.
        rim: Extra density of the nuclear membrane.
        clumps: Amplitude of the chromatin.
        clump_px: Width of a chromatin clump.
        nucleoli: Mean number of nucleoli.
        dark_share: Share of smudged, hyperchromatic nuclei.
    """

    count: int
    side: int
    length: float
    width: float
    spread: float = 0.1
    irregular: float = 0.03
    bend: float = 0.0
    density: float = 1.0
    density_spread: float = 0.15
    rim: float = 0.25
    clumps: float = 0.2
    clump_px: float = 1.5
    nucleoli: float = 0.0
    dark_share: float = 0.0


LOOKS: dict[CellKind, NucleusLook] = {
    CellKind.TUMOUR: NucleusLook(
        count=768,
        side=44,
        length=9.6,
        width=7.2,
        spread=0.18,
        irregular=0.05,
        density=0.56,
        density_spread=0.30,
        rim=0.36,
        clumps=0.36,
        clump_px=1.35,
        nucleoli=1.4,
        dark_share=0.06,
    ),
    CellKind.GLAND: NucleusLook(
        count=384,
        side=34,
        length=9.2,
        width=4.7,
        spread=0.12,
        irregular=0.04,
        density=0.88,
        density_spread=0.2,
        rim=0.2,
        clumps=0.2,
        clump_px=1.3,
        nucleoli=0.25,
    ),
    CellKind.LYMPHOCYTE: NucleusLook(
        count=384,
        side=22,
        length=5.5,
        width=5.0,
        spread=0.11,
        irregular=0.05,
        density=1.3,
        density_spread=0.24,
        rim=0.08,
        clumps=0.42,
        clump_px=1.6,
    ),
    CellKind.FIBROBLAST: NucleusLook(
        count=512,
        side=46,
        length=11.0,
        width=3.1,
        spread=0.32,
        irregular=0.06,
        bend=0.09,
        density=0.62,
        density_spread=0.36,
        rim=0.3,
        clumps=0.32,
        nucleoli=0.15,
        dark_share=0.15,
    ),
    CellKind.MUSCLE: NucleusLook(
        count=256,
        side=54,
        length=17.0,
        width=3.4,
        spread=0.16,
        irregular=0.03,
        bend=0.07,
        density=0.72,
        rim=0.2,
        clumps=0.15,
    ),
    CellKind.ENDOTHELIUM: NucleusLook(
        count=192,
        side=34,
        length=9.5,
        width=2.5,
        spread=0.15,
        irregular=0.05,
        bend=0.15,
        density=1.0,
        rim=0.15,
        clumps=0.15,
    ),
    CellKind.DEBRIS: NucleusLook(
        count=192,
        side=16,
        length=2.7,
        width=2.2,
        spread=0.42,
        irregular=0.12,
        density=1.35,
        density_spread=0.3,
        rim=0.0,
        clumps=0.1,
    ),
    CellKind.PLASMA: NucleusLook(
        count=192,
        side=22,
        length=5.9,
        width=5.4,
        spread=0.07,
        irregular=0.02,
        density=1.1,
        rim=0.35,
        clumps=0.6,
        clump_px=1.9,
    ),
}
