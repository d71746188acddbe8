"""A slide of several files is all of them: for its hash, and for noticing a change."""

import hashlib
import os
from pathlib import Path

import pytest

from healnet.slide.hashing import slide_sha256
from healnet.slide.intake import file_identity
from healnet.slide.slide_parts import slide_parts
from tests.slide.make_slides import write_dicom


def vms(folder: Path) -> Path:
    (folder / "a-0.jpg").write_bytes(b"first")
    (folder / "a-1.jpg").write_bytes(b"second")
    (folder / "other.jpg").write_bytes(b"of nobody")
    index = folder / "a.vms"
    index.write_text(
        "[Virtual Microscope Specimen]\nNoLayers=1\nImageFile=a-0.jpg\nImageFile(1,0)=a-1.jpg\n"
    )
    return index


def mrxs(folder: Path) -> Path:
    (folder / "a").mkdir()
    (folder / "a" / "Slidedat.ini").write_bytes(b"[GENERAL]")
    (folder / "a" / "Data0000.dat").write_bytes(b"pixels")
    (folder / "a.mrxs").write_bytes(b"\xff\xd8\xff index")
    return folder / "a.mrxs"


def dicom(folder: Path) -> Path:
    write_dicom(folder / "2.dcm", columns=5, series="1.2.3")
    write_dicom(folder / "x.dcm", columns=5, series="9.9.9")
    (folder / "notes.txt").write_text("not a slide")
    return write_dicom(folder / "1.dcm", columns=6, series="1.2.3")


KINDS = {
    "vms": (vms, ["a.vms", "a-0.jpg", "a-1.jpg"]),
    "mrxs": (mrxs, ["a.mrxs", "Data0000.dat", "Slidedat.ini"]),
    "dicom": (dicom, ["1.dcm", "2.dcm"]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_file_that_a_reader_opens_is_a_part_and_no_other(
    tmp_path: Path, kind: str
) -> None:
    make, names = KINDS[kind]

    assert [part.name for part in slide_parts(make(tmp_path))] == names


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_in_any_part_changes_hash_and_identity(tmp_path: Path, kind: str) -> None:
    path = KINDS[kind][0](tmp_path)
    for part in slide_parts(path)[1:]:
        before = slide_sha256(path), file_identity(path)
        content = part.read_bytes()
        part.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        os.utime(part, ns=(1, part.stat().st_mtime_ns + 1))

        after = slide_sha256(path), file_identity(path)

        assert after[0] != before[0]
        assert after[1] != before[1]


def test_bytes_that_move_from_one_part_to_the_next_change_the_hash(tmp_path: Path) -> None:
    path = vms(tmp_path)
    before = slide_sha256(path)

    (tmp_path / "a-0.jpg").write_bytes(b"firsts")
    (tmp_path / "a-1.jpg").write_bytes(b"econd")

    assert slide_sha256(path) != before


def test_a_series_is_the_same_slide_whichever_file_was_chosen(tmp_path: Path) -> None:
    path = dicom(tmp_path)

    assert slide_sha256(path) == slide_sha256(tmp_path / "2.dcm")
    assert slide_sha256(path) != slide_sha256(tmp_path / "x.dcm")


def test_the_hash_of_a_single_file_is_that_of_its_bytes(sound_slide: Path) -> None:
    assert slide_sha256(sound_slide) == hashlib.sha256(sound_slide.read_bytes()).hexdigest()
