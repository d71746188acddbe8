"""Model folders: which there are, and each loaded once, frozen and checked."""

import hashlib
import json
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from app.store.workspace import Workspace
from healnet.exceptions import BundleError

if TYPE_CHECKING:
    from healnet.bundle.model_bundle import ModelBundle


SYNTHETIC_STUDY = "Synthetic study"
SYNTHETIC_MODEL = "Model trained on synthetic patients"


@dataclass(frozen=True, kw_only=True)
class ModelLabel:
    """What every screen says of the model in use.

    Attributes:
        name: Empty where no model is installed.
        is_synthetic: Whether it was trained on invented patients.
    """

    name: str = ""
    is_synthetic: bool = False


def shipped_label(workspace: Workspace) -> ModelLabel:
    """Return name and kind of the shipped model.

    Reads its card alone, so that the first page need not load the model.
    """
    folder = workspace.study.model_folder
    if folder is None or not (folder / "card.json").is_file():
        return ModelLabel()
    try:
        card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    except ValueError:  # said in full where the model is loaded
        return ModelLabel(name=folder.name)
    return ModelLabel(
        name=str(card.get("name", folder.name)), is_synthetic=bool(card.get("is_synthetic"))
    )


def synthetic_chip(workspace: Workspace, *, is_study: bool) -> str:
    """Return what must be said wherever the study or its model is shown; empty for nothing."""
    if is_study:
        return SYNTHETIC_STUDY
    return SYNTHETIC_MODEL if shipped_label(workspace).is_synthetic else ""


def shipped_key(workspace: Workspace) -> str:
    """Return what changes with the shipped model, without loading it; empty without one."""
    folder = workspace.study.model_folder
    manifest = None if folder is None else folder / "manifest.json"
    if manifest is None or not manifest.is_file():
        return ""
    return hashlib.sha256(manifest.read_bytes()).hexdigest()


def load_model(workspace: Workspace) -> "ModelBundle":
    """Return the shipped model, verified against its hashes.

    Raises:
        BundleError: If there is no model, or its folder is damaged.
    """
    folder = workspace.study.model_folder
    if folder is None:
        raise BundleError(
            "no model is installed",
            code="MODEL-NONE",
            why="without a model there is no estimate",
            fix="run `healnet demo --rebuild` to build the shipped study and its model",
        )
    if not (folder / "manifest.json").is_file():
        from healnet.bundle.folder import read_bundle  # noqa: PLC0415  (loads torch)

        return read_bundle(folder)  # says what is wrong
    return _load(folder, (folder / "manifest.json").stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _load(folder: Path, _modified_ns: int) -> "ModelBundle":
    import torch  # noqa: PLC0415

    from healnet.bundle.folder import read_bundle  # noqa: PLC0415  (loads torch)

    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))  # one core stays for the tiles
    return read_bundle(folder)
