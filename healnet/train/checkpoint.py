"""State of a training run on disk: written whole after an epoch, read without running code."""

import io
import logging
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError  # what a refused file raises; nothing is unpickled
from zipfile import BadZipFile, is_zipfile

import torch

from healnet.bundle.atomic import atomic_write

_VERSION = 1
_UNREADABLE = (
    RuntimeError,
    BadZipFile,
    EOFError,
    OSError,
    ValueError,
    KeyError,
    UnpicklingError,
)
_log = logging.getLogger(__name__)


def write_checkpoint(path: Path, state: Mapping[str, object], *, digest: str) -> None:
    """Write the state of a fold: weights, optimiser, early stopping, epoch.

    Args:
        path: Where; a crash leaves the old state or the new one.
        state: Tensors, numbers, texts and containers of them.
        digest: Hash of recipe and data; a state of other ones is never taken up.
    """
    buffer = io.BytesIO()
    torch.save({"version": _VERSION, "digest": digest, "state": dict(state)}, buffer)
    atomic_write(path, buffer.getvalue())


def read_checkpoint(path: Path, *, digest: str) -> dict[str, object] | None:
    """Return the state of a fold, or None if there is none for this recipe and these data."""
    if not path.is_file():
        return None
    if not is_zipfile(path):
        _log.warning("a training state cannot be read; the fold starts again")
        return None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except _UNREADABLE as error:
        _log.warning("a training state cannot be read (%s); the fold starts again", type(error))
        return None
    if not isinstance(content, dict) or content.get("version") != _VERSION:
        return None
    state = content.get("state")
    if content.get("digest") != digest or not isinstance(state, dict):
        return None
    return state
