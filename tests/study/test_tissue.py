"""What the slides show: exact shares, tissues that differ, blocks without seams."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from healnet.study.blocks import Block, upsample
from healnet.study.build import Study, draw_study
from healnet.study.cells import REACH
from healnet.study.fields import TONES
from healnet.study.nuclei import load_sprites
from healnet.study.nucleus_looks import CellKind
from healnet.study.render import paint_block
from healnet.study.scene import Scene
from healnet.study.slides import draw_slide_scene
from healnet.study.tiff import JpegPage, write_tiff
from healnet.study.tissue_layout import (
    FIELD_STEP,
    Region,
    TissueShares,
    draw_layout,
)
from tests.study.small_slides import SMALL

WHOLE = Block(x=0, y=0, width=SMALL.width, height=SMALL.height)

pytestmark = pytest.mark.slow  # draws slides


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> list[Scene]:
    drawn: Study = draw_study(tmp_path_factory.mktemp("none"), patients=6, seed=7)
    return [draw_slide_scene(patient, 7, SMALL) for patient in drawn.patients]


@settings(max_examples=15)
@given(
    tumour=st.floats(0, 0.5),
    lymphocytes=st.floats(0, 0.2),
    necrosis=st.floats(0, 0.1),
    fat=st.floats(0, 0.15),
    seed=st.integers(0, 2**16),
)
def test_every_tissue_takes_exactly_its_share(
    tumour: float, lymphocytes: float, necrosis: float, fat: float, seed: int
) -> None:
    shares = TissueShares(tumour=tumour, lymphocytes=lymphocytes, necrosis=necrosis, fat=fat)

    layout = draw_layout(
        np.random.default_rng(seed), width=640, height=512, shares=shares, tissue_share=0.8
    )

    assert layout.share(Region.TUMOUR) == pytest.approx(tumour, abs=3e-4)
    assert layout.share(Region.LYMPHOCYTES) == pytest.approx(lymphocytes, abs=3e-4)
    assert layout.share(Region.NECROSIS) == pytest.approx(necrosis, abs=3e-4)
    assert layout.share(Region.FAT) == pytest.approx(fat, abs=3e-4)


@pytest.mark.parametrize(
    "shares",
    [{"tumour": -0.1, "lymphocytes": 0.1}, {"tumour": 0.8, "lymphocytes": 0.3}],
)
def test_impossible_shares_are_refused(shares: dict) -> None:
    with pytest.raises(ValueError, match="shares must be"):
        TissueShares(**shares)


def density_per_mm2(scene: Scene, region: Region, kinds: tuple[CellKind, ...]) -> float:
    row = np.clip((scene.cells.y / FIELD_STEP).astype(int), 0, scene.layout.shape[0] - 1)
    column = np.clip((scene.cells.x / FIELD_STEP).astype(int), 0, scene.layout.shape[1] - 1)
    inside = (scene.layout.regions[row, column] == region) & np.isin(scene.cells.kind, kinds)
    area_mm2 = (scene.layout.regions == region).sum() * (FIELD_STEP * 0.5e-3) ** 2
    return inside.sum() / area_mm2


def test_lymphocytes_crowd_where_they_should(scenes: list[Scene]) -> None:
    for scene in scenes:
        crowd = density_per_mm2(scene, Region.LYMPHOCYTES, (CellKind.LYMPHOCYTE,))
        stroma = density_per_mm2(scene, Region.STROMA, (CellKind.LYMPHOCYTE,))

        assert 3000 < crowd < 22000  # real follicles reach about 20 000
        assert stroma < 0.25 * crowd


def test_tumour_nuclei_lie_in_tumour_alone(scenes: list[Scene]) -> None:
    for scene in scenes:
        if scene.layout.share(Region.TUMOUR) > 0.1:
            in_tumour = density_per_mm2(scene, Region.TUMOUR, (CellKind.TUMOUR,))
            in_stroma = density_per_mm2(scene, Region.STROMA, (CellKind.TUMOUR,))

            assert in_tumour > 1000
            assert in_stroma < 0.05 * in_tumour


def test_nuclei_do_not_pile_up(scenes: list[Scene]) -> None:
    cells = scenes[0].cells
    tumour = cells.take(cells.kind == CellKind.TUMOUR)
    places = np.stack([tumour.x, tumour.y], axis=1)[:400].astype(float)

    distance = np.hypot(*(places[:, None] - places[None, :]).transpose(2, 0, 1))
    np.fill_diagonal(distance, np.inf)

    assert distance.min() >= 2 * REACH[CellKind.TUMOUR] - 1e-3


@pytest.mark.slow
def test_tissues_differ_in_haematoxylin_and_eosin(scenes: list[Scene]) -> None:
    """Lymphocytes and tumour are blue, fat is empty, muscle and stroma are pink."""
    blue: dict[Region, list[float]] = {region: [] for region in Region}
    pink: dict[Region, list[float]] = {region: [] for region in Region}
    for scene in scenes:
        stain = paint_block(scene, WHOLE)
        regions = scene.layout.regions.repeat(FIELD_STEP, 0).repeat(FIELD_STEP, 1)
        for region in Region:
            inside = ndimage.binary_erosion(regions == region, iterations=12)
            if inside.sum() > 4000:
                blue[region].append(float(stain.haematoxylin[inside].mean()))
                pink[region].append(float(stain.eosin[inside].mean()))

    mean_blue = {region: np.mean(values) for region, values in blue.items() if values}
    mean_pink = {region: np.mean(values) for region, values in pink.items() if values}

    assert mean_blue[Region.LYMPHOCYTES] > 2 * mean_blue[Region.STROMA]
    assert mean_blue[Region.TUMOUR] > 1.5 * mean_blue[Region.STROMA]
    assert mean_pink[Region.FAT] < 0.3 * mean_pink[Region.STROMA]
    assert mean_pink[Region.MUSCLE] > mean_pink[Region.LYMPHOCYTES]
    assert max(mean_blue[Region.GLASS], mean_pink[Region.GLASS]) < 0.02


def test_blocks_meet_without_a_seam(scenes: list[Scene]) -> None:
    scene = scenes[1]
    whole = paint_block(scene, Block(x=300, y=200, width=256, height=128))

    halves = [paint_block(scene, Block(x=x, y=200, width=128, height=128)) for x in (300, 428)]

    for name in ("haematoxylin", "eosin", "red_cells"):
        joined = np.concatenate([getattr(half, name) for half in halves], axis=1)
        np.testing.assert_allclose(joined, getattr(whole, name), atol=2e-3)


@given(
    x=st.integers(-8, 60),
    y=st.integers(-8, 60),
    width=st.integers(4, 40),
    height=st.integers(4, 40),
)
def test_a_coarse_plane_keeps_its_slope(x: int, y: int, width: int, height: int) -> None:
    """A field that rises by 1 for each level-0 pixel still does, at the right place."""
    column = np.arange(-20, 60, dtype=np.float32) * FIELD_STEP + (FIELD_STEP - 1) / 2
    field = np.broadcast_to(column, (80, 80)).copy()
    shift = 20 * FIELD_STEP

    seen = upsample(field, Block(x=x + shift, y=y + shift, width=width, height=height))

    np.testing.assert_allclose(seen[0], np.arange(x, x + width), atol=0.02)


def test_sprites_of_tumour_are_larger_and_more_varied_than_lymphocytes() -> None:
    areas = {
        kind: load_sprites()[kind].coverage.sum(axis=(1, 2))
        for kind in (CellKind.TUMOUR, CellKind.LYMPHOCYTE)
    }

    tumour, lymphocyte = areas[CellKind.TUMOUR], areas[CellKind.LYMPHOCYTE]
    assert tumour.mean() > 2 * lymphocyte.mean()
    assert tumour.std() / tumour.mean() > lymphocyte.std() / lymphocyte.mean()


def test_sprites_point_where_they_are_asked_to() -> None:
    sprites = load_sprites()[CellKind.MUSCLE]
    side = sprites.coverage.shape[1]
    row, column = np.mgrid[:side, :side] - (side - 1) / 2
    asked = np.linspace(0, np.pi, 12, endpoint=False).astype(np.float32)

    chosen = sprites.coverage[sprites.pick(asked, np.random.default_rng(0))]
    weight = chosen.sum(axis=(1, 2))
    xx = (chosen * column**2).sum(axis=(1, 2)) / weight
    yy = (chosen * row**2).sum(axis=(1, 2)) / weight
    xy = (chosen * column * row).sum(axis=(1, 2)) / weight
    measured = 0.5 * np.arctan2(2 * xy, xx - yy)

    off = np.abs((measured - asked + np.pi / 2) % np.pi - np.pi / 2)
    assert off.max() < 0.25


def test_every_region_has_a_tone() -> None:
    assert set(TONES) == set(Region)


def test_another_reader_finds_every_segment_of_the_container(tmp_path: Path) -> None:
    tiles = [bytes([number]) * (5 + number) for number in range(6)]
    page = JpegPage(
        width=48, height=32, description="first", segments=tiles, tile_px=16, mpp=0.5
    )
    strip = JpegPage(width=8, height=4, description="second", segments=[b"abc"], tile_px=None)

    write_tiff(tmp_path / "two.tif", [page, strip])

    with tifffile.TiffFile(tmp_path / "two.tif") as file:
        first, second = file.pages
        data = (tmp_path / "two.tif").read_bytes()
        found = [
            data[start : start + size]
            for start, size in zip(first.dataoffsets, first.databytecounts, strict=True)
        ]
        assert found == tiles
        assert (first.imagewidth, first.imagelength, first.tilewidth) == (48, 32, 16)
        assert (first.description, second.description) == ("first", "second")
        assert first.resolution == (20000, 20000)  # pixels per centimetre
        assert not second.is_tiled
