"""Slides in allowed folders: found by name, and nothing beyond."""

from pathlib import Path

import pytest

from app.store.folders import find_entry, list_slides


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "slides"
    (root / "batch").mkdir(parents=True)
    for name in ("b.svs", "batch/a.ndpi", "notes.txt", ".hidden.svs"):
        (root / name).write_bytes(b"x" * 10)
    (tmp_path / "secret.svs").write_bytes(b"secret")
    return root


def test_slides_are_listed_by_their_name_below_the_folder(root: Path) -> None:
    entries = list_slides((root,))

    assert [(entry.name, entry.size) for entry in entries] == [
        ("b.svs", 10),
        ("batch/a.ndpi", 10),
    ]


def test_an_entry_is_found_again_by_its_id(root: Path) -> None:
    entry = list_slides((root,))[1]

    assert find_entry((root,), entry.id) == entry


@pytest.mark.parametrize("asked", ["", "../secret.svs", "/etc/passwd", "b.svs", "0" * 32])
def test_nothing_else_is_found(root: Path, asked: str) -> None:
    assert find_entry((root,), asked) is None


def test_a_link_that_leads_out_of_the_folder_is_not_listed(root: Path, tmp_path: Path) -> None:
    (root / "link.svs").symlink_to(tmp_path / "secret.svs")

    assert "link.svs" not in [entry.name for entry in list_slides((root,))]


def test_a_folder_that_is_not_there_lists_nothing(tmp_path: Path) -> None:
    assert list_slides((tmp_path / "missing",)) == ()


def test_a_file_in_two_allowed_folders_is_listed_once(root: Path) -> None:
    assert len(list_slides((root, root / "batch"))) == 2
