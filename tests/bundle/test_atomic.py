"""Files are whole or not there, whatever goes wrong while writing."""

from pathlib import Path

import pytest

from healnet.bundle.atomic import (
    atomic_write,
    refuse_strangers,
    remove_left_overs,
    write_folder,
)
from healnet.exceptions import BundleError

MAY_HOLD = frozenset({"a", "b", "list"})


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file.bin"

    atomic_write(path, b"old")
    atomic_write(path, b"new and longer")

    assert path.read_bytes() == b"new and longer"
    assert [found.name for found in path.parent.iterdir()] == ["file.bin"]


def test_a_crash_before_the_rename_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = atomic_write(tmp_path / "file.bin", b"old")

    def crash(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", crash)
    with pytest.raises(OSError, match="No space"):
        atomic_write(path, b"new")

    assert path.read_bytes() == b"old"
    assert [found.name for found in tmp_path.iterdir()] == ["file.bin"]


@pytest.mark.parametrize("crash_at", [1, 2, 3])
def test_a_folder_is_never_vouched_for_before_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crash_at: int
) -> None:
    folder = write_folder(
        tmp_path / "m", {"a": b"1", "b": b"1", "list": b"1"}, may_hold=MAY_HOLD, last="list"
    )
    real, calls = Path.replace, []

    def crash_later(source: Path, target: Path) -> None:
        calls.append(target)
        if len(calls) == crash_at:
            raise OSError(5, "Input/output error")
        real(source, target)

    monkeypatch.setattr(Path, "replace", crash_later)
    with pytest.raises(OSError, match="Input/output"):
        write_folder(
            folder, {"a": b"2", "b": b"2", "list": b"2"}, may_hold=MAY_HOLD, last="list"
        )

    assert not (folder / "list").exists()
    assert not list(folder.glob(".*"))


def test_left_overs_of_a_killed_run_are_no_strangers(tmp_path: Path) -> None:
    for name in (".a.x1.part", ".DS_Store", "a"):
        (tmp_path / name).write_bytes(b"1")

    refuse_strangers(tmp_path, may_hold=MAY_HOLD)
    remove_left_overs(tmp_path)

    assert {found.name for found in tmp_path.iterdir()} == {".DS_Store", "a"}
    remove_left_overs(tmp_path / "not there")


def test_a_folder_with_somebody_elses_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")

    with pytest.raises(BundleError, match=r"thesis\.txt") as refusal:
        write_folder(tmp_path, {"a": b"1"}, may_hold=MAY_HOLD, last="list")

    assert refusal.value.code == "MODEL-FOLDER-OCCUPIED"
    assert [found.name for found in tmp_path.iterdir()] == ["thesis.txt"]
