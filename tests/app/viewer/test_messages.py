"""The scene that goes to the browser, and the events that come back."""

import json
import re
from pathlib import Path

import pytest

from app.tiles.pyramid import TileLevel
from app.viewer import component
from app.viewer.messages import (
    AnalysisProgress,
    MapGrid,
    MapLayer,
    PatchTable,
    Region,
    ViewerEvent,
    ViewerScene,
)
from healnet.exceptions import HealNetError, ShapeError

FRONTEND = Path(__file__).parents[3] / "app" / "viewer" / "frontend" / "src"
GRID = MapGrid(origin_x=0, origin_y=0, stride=256, columns=2, rows=1, patch_size=256)
LEVEL = TileLevel(width=512, height=256, tile_width=256, tile_height=256, downsample=1)


def layer(name: str) -> MapLayer:
    return MapLayer(
        id=name, title="Where the model read from", url="maps/x.f32", grid=GRID, count=2,
        minimum=0.5, maximum=1.5,
    )  # fmt: skip


def scene(**changes: object) -> ViewerScene:
    fields: dict[str, object] = {
        "case_id": "case-1",
        "title": "S-0192",
        "token": "x.y",
        "version": "0" * 16,
        "width": 512,
        "height": 256,
        "levels": (LEVEL,),
        "maps": (layer("a"), layer("b")),
        "patches": PatchTable(corners_url="maps/c.f32", cells_url="maps/n.f32", count=2),
        "regions": (Region(label="tumour", rings=[[(0, 0), (9, 0), (9, 9)]]),),
        "analysis": AnalysisProgress(stage="Reading patches", done=1, total=2),
    }
    return ViewerScene(**fields | changes)  # type: ignore[arg-type]


def interface(name: str) -> set[str]:
    """Fields of an interface in the front end's messages.ts."""
    text = (FRONTEND / "messages.ts").read_text()
    body = re.search(rf"interface {name} \{{(.*?)\n\}}", text, re.DOTALL)
    assert body, name
    return set(re.findall(r"^  (\w+):", body[1], re.MULTILINE))


def test_both_sides_name_the_same_fields() -> None:
    sent = scene().to_dict()

    assert set(sent) == interface("SceneData")
    assert set(sent["levels"][0]) == interface("LevelData")
    assert set(sent["maps"][0]) == interface("MapData")
    assert set(sent["maps"][0]["grid"]) == interface("GridData")
    assert set(sent["patches"]) == interface("PatchTableData")
    assert set(sent["regions"][0]) == interface("RegionData")
    assert set(sent["analysis"]) == interface("AnalysisData")


def test_a_scene_is_json_and_the_same_in_every_rerun() -> None:
    first, second = json.dumps(scene().to_dict()), json.dumps(scene().to_dict())

    assert first == second


def test_a_map_is_named_by_its_method_unless_told_otherwise() -> None:
    assert layer("a").to_dict()["method_label"] == "Attention"


def test_the_research_line_is_there_unless_replaced() -> None:
    assert "Research use only" in scene().banner


def test_two_maps_of_one_name_are_refused() -> None:
    with pytest.raises(ShapeError, match="VIEWER-MAPS"):
        scene(maps=(layer("a"), layer("a")))


@pytest.mark.parametrize("change", [{"width": 0}, {"height": 0}, {"levels": ()}])
def test_a_slide_without_pixels_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ShapeError, match="VIEWER-SLIDE"):
        scene(**change)


@pytest.mark.parametrize("change", [{"stride": 0}, {"columns": 0}, {"patch_size": -1}])
def test_an_empty_lattice_is_refused(change: dict[str, float]) -> None:
    fields = {"origin_x": 0, "origin_y": 0, "stride": 1, "columns": 1, "rows": 1}

    with pytest.raises(ShapeError, match="MAP-GRID"):
        MapGrid(**{"patch_size": 1} | fields | change)  # type: ignore[arg-type]


def test_a_picked_patch_comes_back_as_an_event() -> None:
    message = {"patch": 7, "map": "a", "x": 256, "y": 0, "size": 256}

    event = ViewerEvent.from_message("picked", message)

    assert event == ViewerEvent(kind="picked", patch=7, map_id="a", x=256, y=0, size=256)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param({}, id="empty"),
        pytest.param({"patch": "7", "x": 0, "y": 0, "size": 1}, id="text for a number"),
        pytest.param({"patch": None, "x": 0, "y": 0, "size": 1}, id="nothing for a number"),
        pytest.param({"patch": [7], "x": 0, "y": 0, "size": 1}, id="list for a number"),
    ],
)
def test_a_message_that_makes_no_sense_is_no_event(message: dict[str, object]) -> None:
    assert ViewerEvent.from_message("picked", message) is None


def test_without_the_built_front_end_the_reader_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(component, "DIST", tmp_path)

    with pytest.raises(HealNetError, match=r"VIEWER-NOT-BUILT.*python hatch_build\.py"):
        component.slide_viewer(scene(), key="v")
