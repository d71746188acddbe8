"""The door for slide files: nothing is opened here before it was looked at safely.

In order: is it a file, how large, what is it really, what does its header claim, and how do its
first pixels read in a process that is allowed to die.
"""

import json
import logging
import os
import stat
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import cast

from healnet.exceptions import HealNetError, SlideError
from healnet.slide.dicom_header import check_dicom
from healnet.slide.formats_reader import has_formats
from healnet.slide.properties import Limits, SlideProperties
from healnet.slide.slide_parts import slide_parts
from healnet.slide.sniff import slide_kind
from healnet.slide.tiff_check import check_tiff
from healnet.slide.tiff_header import read_tiff_header
from healnet.slide.verdict import properties_from

_log = logging.getLogger(__name__)
_PACKAGE_ROOT = Path(__file__).resolve().parents[2]
_MAX_REMEMBERED = 256
_remembered: "OrderedDict[object, SlideProperties]" = OrderedDict()
_memory_lock = threading.Lock()

FileIdentity = tuple[str, tuple[tuple[int, int, int], ...]]


def probe_slide(path: Path, *, limits: Limits | None = None) -> SlideProperties:
    """Return what a slide file is, or refuse it.

    The answer for an unchanged file is remembered while the program runs; to keep it longer,
    store :meth:`SlideProperties.to_dict` under :func:`file_identity`.

    Args:
        path: The slide file; for MRXS the .mrxs file, for DICOM one of the .dcm files.
        limits: How large it may be; the defaults if left out.

    Raises:
        SlideError: With a code, what was found, why that is bad, and what to do.
    """
    limits = limits or Limits()
    _check_file(path, limits)
    identity = file_identity(path)
    known = _recall((identity, limits))
    if known is not None:
        return known
    properties = _probe(path, limits)
    if file_identity(path) != identity:
        raise SlideError(
            "the file changed while it was read",
            code="SLIDE-GROWING",
            where=path.name,
            why="it is still being written",
            fix="try again when the copy is complete",
        )
    _remember((identity, limits), properties)
    return properties


def file_identity(path: Path) -> FileIdentity:
    """Return what changes when the slide changes.

    The real path, and size, time of change and inode of each file that makes up the slide.
    """
    facts = [part.stat() for part in slide_parts(path)]
    return (
        str(path.resolve()),
        tuple((one.st_size, one.st_mtime_ns, one.st_ino) for one in facts),
    )


def _probe(path: Path, limits: Limits) -> SlideProperties:
    kind = slide_kind(path)
    notices: tuple[object, ...] = ()
    if kind == "tiff":
        header = read_tiff_header(path, limits)
        notices = check_tiff(header, limits, allows_strips=has_formats())
    elif kind == "dicom":
        check_dicom(path)
    elif kind == "mirax":
        _check_mirax(path)
    found = _ask_child(path, limits, is_tiff=kind == "tiff")
    if found.get("refused") == "open" and has_formats():
        found = _ask_child(path, limits, is_tiff=kind == "tiff", reader="formats")
    return properties_from(found, path.name, notices)  # type: ignore[arg-type]


def _check_file(path: Path, limits: Limits) -> None:
    _check_name(path)
    try:
        facts = path.stat()
    except FileNotFoundError as error:
        raise SlideError(
            "there is no such file",
            code="SLIDE-MISSING",
            where=path.name,
            fix="check the name and the folder",
        ) from error
    except OSError as error:
        raise _no_permission(path) from error
    if stat.S_ISDIR(facts.st_mode):
        raise SlideError(
            "this is a folder",
            code="SLIDE-FOLDER",
            where=path.name,
            why="a slide is opened through one file",
            fix="choose the .mrxs file beside it, or one .dcm file inside it",
        )
    if not stat.S_ISREG(facts.st_mode):
        raise SlideError("this is not a regular file", code="SLIDE-FORMAT", where=path.name)
    if not os.access(path, os.R_OK):
        raise _no_permission(path)
    if facts.st_size > limits.file_bytes:
        size, limit = facts.st_size / 1e9, limits.file_bytes / 1e9
        raise SlideError(
            f"the file has {size:.1f} GB, limit {limit:.0f} GB",
            code="SLIDE-SIZE",
            where=path.name,
            fix="export the part of the slide that is needed",
        )


def _check_name(path: Path) -> None:
    try:
        path.name.encode("utf-8")
    except UnicodeEncodeError as error:
        raise SlideError(
            "the name of the file is not UTF-8 text",
            code="SLIDE-NAME",
            where=path.name.encode("utf-8", errors="replace").decode(),
            why="it could not be written into any result",
            fix="rename the file",
        ) from error


def _no_permission(path: Path) -> SlideError:
    return SlideError(
        "no permission to read this file",
        code="SLIDE-PERMISSION",
        where=path.name,
        fix="give your account the right to read it",
    )


def _check_mirax(path: Path) -> None:
    folder = path.with_suffix("")
    if (folder / "Slidedat.ini").is_file():
        return
    raise SlideError(
        "the .mrxs file points to a folder that is not here",
        code="SLIDE-MRXS-FOLDER",
        where=path.name,
        why=f"the folder {folder.name}/ with Slidedat.ini is missing; it holds the pixels",
        fix="put the folder beside the .mrxs file, under the same name",
    )


def _ask_child(
    path: Path, limits: Limits, *, is_tiff: bool, reader: str = "openslide"
) -> Mapping[str, object]:
    request = {
        "path": str(path.resolve()),
        "is_tiff": is_tiff,
        "limits": asdict(limits),
        "reader": reader,
    }
    command = [sys.executable, "-m", "healnet.slide.probe_child", json.dumps(request)]
    search = os.pathsep.join(
        part for part in (str(_PACKAGE_ROOT), os.environ.get("PYTHONPATH", "")) if part
    )
    try:
        done = subprocess.run(  # noqa: S603  (our own module, no shell)
            command,
            capture_output=True,
            timeout=limits.child_wall_s,
            env={**os.environ, "PYTHONPATH": search, "OPENBLAS_NUM_THREADS": "1"},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _no_answer(path, f"no answer after {limits.child_wall_s} s") from error
    if done.returncode != 0 or not done.stdout:
        _log.warning("SLIDE-CRASH: the probing process ended with %d", done.returncode)
        raise _no_answer(path, "reading its first pixels failed badly")
    return cast("Mapping[str, object]", json.loads(done.stdout))


def _no_answer(path: Path, what: str) -> HealNetError:
    return SlideError(
        what,
        code="SLIDE-CRASH",
        where=path.name,
        why="the file is damaged in a way that would stop the program",
        fix="copy the file again from the scanner, or convert it",
    )


def _recall(key: object) -> SlideProperties | None:
    with _memory_lock:
        if key in _remembered:
            _remembered.move_to_end(key)
        return _remembered.get(key)


def _remember(key: object, properties: SlideProperties) -> None:
    with _memory_lock:
        _remembered[key] = properties
        while len(_remembered) > _MAX_REMEMBERED:
            _remembered.popitem(last=False)
