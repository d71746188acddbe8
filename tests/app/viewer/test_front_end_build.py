"""The bundle: built from pinned packages, and free of foreign addresses."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import hatch_build
from app.tiles.assets import DIST, find_asset

ROOT = Path(__file__).parents[3]


@pytest.fixture
def bundle() -> Path:
    if not (DIST / "viewer.js").is_file():
        pytest.skip("the viewer is not built: python hatch_build.py")
    return DIST


def test_every_package_is_pinned_to_one_version() -> None:
    package = json.loads((ROOT / "package.json").read_text())

    for version in (package["dependencies"] | package["devDependencies"]).values():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)


def test_the_lock_names_no_registry_and_has_a_hash_for_everything() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())

    for name, entry in lock["packages"].items():
        assert "resolved" not in entry, name
        assert name == "" or entry["integrity"].startswith("sha512-"), name


def test_the_bundle_is_served_under_its_names(bundle: Path) -> None:
    for name in ("viewer.js", "viewer.css", "fonts/ibm-plex-sans-latin-400-normal.woff2"):
        asset = find_asset(name, dist=bundle)
        assert asset is not None
        assert asset.body == (bundle / name).read_bytes()


def test_the_style_loads_nothing_from_elsewhere(bundle: Path) -> None:
    style = (bundle / "viewer.css").read_text()

    assert "http" not in style
    assert set(re.findall(r"url\(([^)]*)\)", style)) == {
        f"./fonts/ibm-plex-sans-latin-{weight}-normal.woff2" for weight in (400, 500, 600)
    }


def test_the_licences_of_what_is_bundled_are_there(bundle: Path) -> None:
    licences = (bundle / "licences.txt").read_text()

    for name in ("openseadragon", "ibm-plex-sans", "d3-scale-chromatic"):
        assert name in licences


def test_an_output_newer_than_every_source_is_left_alone(tmp_path: Path) -> None:
    _make_tree(tmp_path)

    assert hatch_build.build_frontend(tmp_path) is False


def test_a_tree_without_a_front_end_needs_no_node(tmp_path: Path) -> None:
    assert hatch_build.build_frontend(tmp_path) is False


def test_skipping_is_asked_for_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(hatch_build.SKIP, "1")
    monkeypatch.setattr(hatch_build, "build_frontend", lambda _root: True)

    assert hatch_build.build_unless_skipped(tmp_path) is False

    monkeypatch.setenv(hatch_build.SKIP, "0")
    assert hatch_build.build_unless_skipped(tmp_path) is True


def test_a_bundler_that_fails_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _make_tree(tmp_path)
    monkeypatch.setattr(hatch_build, "node_and_npm", lambda: (["false"], ["false"]))

    with pytest.raises(RuntimeError, match="HEALNET_SKIP_FRONTEND=1"):
        hatch_build.build_frontend(tmp_path, force=True)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize(
    "edited",
    ["app/viewer/frontend/src/viewer.ts", "app/viewer/frontend/css/panels.css", "package.json"],
)
def test_make_installs_anew_after_an_edit_of_the_front_end(tmp_path: Path, edited: str) -> None:
    for name in (".venv", ".app"):
        (tmp_path / name).touch()

    def planned(*arguments: str) -> str:
        command = ["make", "-n", f"VENV={tmp_path}", *arguments, str(tmp_path / ".app")]
        return subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout

    assert "pip" not in planned()
    assert "pip" in planned("-W", edited)


def _make_tree(root: Path) -> None:
    """Sources first, then an output, so that the output is the newer one."""
    for name in ("package.json", "package-lock.json", "app/viewer/frontend/src/main.ts"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    output = root / "app" / "viewer" / "dist" / "viewer.js"
    output.parent.mkdir(parents=True)
    output.write_text("")
