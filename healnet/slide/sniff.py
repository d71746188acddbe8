"""What a file really is, whatever its name says."""

from pathlib import Path

from healnet.exceptions import SlideError

ACCEPTED = (
    "SVS, NDPI, MRXS (with its folder), SCN, BIF, Philips TIFF, tiled TIFF, SVSLIDE, CZI, "
    "VMS and DICOM whole slides"
)
_LFS_MARK = b"version https://git-lfs"
_OTHER_KINDS = {
    b"\x89PNG": "PNG image",
    b"\xff\xd8\xff": "JPEG image",
    b"GIF8": "GIF image",
    b"BM": "BMP image",
    b"PK\x03\x04": "ZIP archive",
    b"PK\x05\x06": "ZIP archive",
    b"%PDF": "PDF document",
    b"\x1f\x8b": "gzip archive",
    b"7z\xbc\xaf": "7z archive",
    b"Rar!": "RAR archive",
    b"\x89HDF": "HDF5 file",
    b"\x00\x00\x00\x0cjP": "JPEG 2000 image",
    b"RIFF": "WebP image or media file",
}
_TIFF_MARKS = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
_TEXT_BYTES = frozenset(range(32, 127)) | {9, 10, 12, 13}
_HEAD = 1024


def slide_kind(path: Path) -> str:
    """Return ``tiff``, ``dicom``, ``mirax``, ``zeiss``, ``sakura`` or ``vms``.

    Raises:
        SlideError: ``SLIDE-EMPTY``, ``SLIDE-LFS-POINTER``, ``SLIDE-RENAMED`` or
            ``SLIDE-FORMAT``, naming what the file is instead.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise SlideError(
            "the file is empty (0 bytes)",
            code="SLIDE-EMPTY",
            where=path.name,
            why="there is nothing to read",
            fix="copy it again from the scanner",
        )
    kind = _slide_kind(head, path.suffix.lower())
    if kind is not None:
        return kind
    if head.startswith(_LFS_MARK):
        raise SlideError(
            "this is a placeholder for a file that was not downloaded",
            code="SLIDE-LFS-POINTER",
            where=path.name,
            why="it holds the address of the slide, not the slide",
            fix="fetch the real file (git lfs pull) and open that",
        )
    raise _refusal(head, path)


def _slide_kind(head: bytes, suffix: str) -> str | None:
    tests = {
        "tiff": head[:4] in _TIFF_MARKS,
        "dicom": head[128:132] == b"DICM",
        "zeiss": head.startswith(b"ZISRAWFILE"),
        "mirax": suffix == ".mrxs" and head.startswith(b"\xff\xd8\xff"),
        "sakura": suffix == ".svslide" and head.startswith(b"SQLite format 3\x00"),
        "vms": suffix in (".vms", ".vmu") and b"[Virtual Microscope" in head,
    }
    return next((kind for kind, fits in tests.items() if fits), None)


def _refusal(head: bytes, path: Path) -> SlideError:
    found = next((text for mark, text in _OTHER_KINDS.items() if head.startswith(mark)), None)
    if found is None and all(byte in _TEXT_BYTES for byte in head):
        found = "text file"
    if found is None:
        return SlideError(
            "not a slide format we read",
            code="SLIDE-FORMAT",
            where=path.name,
            why="its content matches none of the known formats",
            fix=f"these are read: {ACCEPTED}",
        )
    named = f" renamed {path.suffix}" if path.suffix else ""
    return SlideError(
        f"this is a {found}{named}",
        code="SLIDE-RENAMED",
        where=path.name,
        why="it holds no whole slide image",
        fix=f"open the original slide; these are read: {ACCEPTED}",
    )
