"""The model folder: written so that it is whole or not there, read only if nothing changed.

``model.safetensors`` weights and statistics; ``config.json`` what the model is;
``reference.parquet`` whom it is compared with; ``trained_on.parquet`` whom the weights have
seen; ``card.json`` what to know about it; ``manifest.json`` the SHA-256 of those five. The
model's own hash is that of the list. Folders of format 1 have no ``trained_on.parquet``: there
every patient of the reference was seen by all members but one.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

import torch

from healnet.bundle.atomic import refuse_strangers, write_folder
from healnet.bundle.card_json import read_card
from healnet.bundle.config_json import FORMAT_VERSION, StoredConfig, read_json, refuse_newer
from healnet.bundle.model_bundle import ModelBundle
from healnet.bundle.reference import Reference
from healnet.bundle.stored_weights import (
    CONFIG,
    WEIGHTS,
    keys_differ,
    take_domain,
    take_members,
    take_quantiles,
    to_tensors,
)
from healnet.bundle.trained_on import TrainedOn
from healnet.bundle.weights import MAX_BYTES, pack_weights, unpack_weights
from healnet.exceptions import BundleError

REFERENCE, TRAINED_ON, CARD = "reference.parquet", "trained_on.parquet", "card.json"
MANIFEST = "manifest.json"
MODEL_FILES = (WEIGHTS, CONFIG, REFERENCE, TRAINED_ON, CARD)
_FILES_OF_FORMAT = {1: (WEIGHTS, CONFIG, REFERENCE, CARD), 2: MODEL_FILES}
RUN_FILES = ("metrics.json", "metrics.jsonl", "folds.csv", "training")  # beside, never read
MAY_HOLD = frozenset({*MODEL_FILES, MANIFEST, *RUN_FILES})


def write_bundle(
    folder: Path, bundle: ModelBundle, *, created: str = "", dtype: torch.dtype = torch.float32
) -> ModelBundle:
    """Write a model folder; return the model with its hash.

    Args:
        folder: A new or empty folder, or one that holds a model already.
        bundle: The model. Its weights must already be rounded to ``dtype``.
        created: Day of writing, ISO 8601; kept beside the hash, not in it.
        dtype: Precision in which the weights are stored.

    Raises:
        BundleError: If the folder holds other files, or the weights would change.
    """
    files = {
        WEIGHTS: pack_weights(to_tensors(bundle, dtype)),
        CONFIG: _config(bundle).to_bytes(),
        REFERENCE: bundle.reference.to_bytes(),
        TRAINED_ON: bundle.trained_on.to_bytes(),
        CARD: json.dumps(bundle.card, allow_nan=False, ensure_ascii=False, indent=1).encode(),
    }
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    manifest = {"format_version": FORMAT_VERSION, "created": created, "files": hashes}
    files[MANIFEST] = json.dumps(manifest, indent=1).encode()
    write_folder(folder, files, may_hold=MAY_HOLD, last=MANIFEST)
    return replace(bundle, sha256=_model_hash(hashes), created=created)


def read_bundle(folder: Path) -> ModelBundle:
    """Return the model in a folder after checking every byte of it.

    Raises:
        BundleError: If a file is missing, strange, changed or damaged, the format is newer, or
            weights are missing, unexpected or of another shape.
    """
    contents, manifest = _read_files(folder)
    config = StoredConfig.from_bytes(contents[CONFIG])
    tensors = unpack_weights(contents[WEIGHTS], where=WEIGHTS)
    ensemble = take_members(config, tensors)
    reference = Reference.from_bytes(contents[REFERENCE], salt=config.case_salt)
    reference.refuse_unknown_folds(len(ensemble))
    bundle = ModelBundle(
        name=config.name,
        sha256=_model_hash(cast("dict[str, str]", manifest["files"])),
        created=str(manifest.get("created", "")),
        ensemble=ensemble,
        time_bins=config.time_bins,
        inputs=config.inputs,
        reference=reference,
        groups=config.groups,
        card=read_card(contents[CARD], where=CARD),
        slide_domain=take_domain(tensors, config.inputs.slide),
        quantiles=take_quantiles(tensors, config.inputs.tables),
        trained_on=_trained_on(contents.get(TRAINED_ON), reference, len(ensemble)),
    )
    if tensors:
        raise keys_differ(missing=[], unexpected=sorted(tensors))
    return bundle


def _trained_on(content: bytes | None, reference: Reference, num_members: int) -> TrainedOn:
    if content is None:
        return TrainedOn.of_reference(reference, num_members)
    found = TrainedOn.from_bytes(content)
    found.refuse_unknown_members(num_members)
    return found


def _read_files(folder: Path) -> tuple[dict[str, bytes], dict[str, object]]:
    if not folder.is_dir():
        raise BundleError(
            "there is no such model folder",
            code="MODEL-FOLDER",
            where=folder.name,
            fix="give the folder that 'healnet train --out' wrote",
        )
    hidden = {path.name for path in folder.iterdir() if path.name.startswith(".")}
    refuse_strangers(
        folder,
        may_hold=MAY_HOLD | hidden,
        why="a model folder holds nothing that its manifest does not list",
        fix="move the other files elsewhere",
    )
    manifest = read_json(_read(folder / MANIFEST), where=MANIFEST)
    hashes = _listed(manifest)
    contents = {name: _read(folder / name) for name in hashes}
    for name, content in contents.items():
        if hashlib.sha256(content).hexdigest() != hashes[name]:
            raise BundleError(
                "the file is not the one that was written",
                code="MODEL-CHANGED",
                where=name,
                why="weights, inputs, reference and card belong together, bit by bit",
                fix="copy the model folder again, or train it again",
            )
    return contents, manifest


def _listed(manifest: Mapping[str, object]) -> dict[str, str]:
    """Return the hashes that a manifest lists, if they are those of its format."""
    refuse_newer(manifest.get("format_version"), where=MANIFEST)
    version, hashes = manifest.get("format_version"), manifest.get("files")
    wanted = _FILES_OF_FORMAT.get(version) if type(version) is int else None
    if wanted is None or not isinstance(hashes, dict) or set(hashes) != set(wanted):
        raise BundleError(
            "the manifest does not list the files of a model",
            code="MODEL-MANIFEST",
            where=MANIFEST,
            fix="copy the model folder again",
        )
    return hashes


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise BundleError(
            f"{path.name} is missing",
            code="MODEL-INCOMPLETE",
            where=path.name,
            why="the training was not finished, or the folder was not copied whole",
            fix="finish the training, or copy the folder again",
        )
    if path.stat().st_size > MAX_BYTES:
        raise BundleError("the file is too large", code="MODEL-WEIGHTS-SIZE", where=path.name)
    return path.read_bytes()


def _config(bundle: ModelBundle) -> StoredConfig:
    if any(network.config != bundle.config for network in bundle.members):
        raise BundleError("members differ in configuration", code="MODEL-CONFIG")
    return StoredConfig(
        name=bundle.name,
        model=bundle.config,
        time_bins=bundle.time_bins,
        member_time_bins=tuple(one.time_bins for one in bundle.ensemble),
        member_modalities=tuple(one.inputs.modalities for one in bundle.ensemble),
        inputs=bundle.inputs,
        deviation_limits=tuple(
            {name: schema.deviation_limit for name, schema in one.inputs.tables.items()}
            for one in bundle.ensemble
        ),
        groups=bundle.groups,
        case_salt=bundle.reference.salt,
    )


def _model_hash(hashes: Mapping[str, str]) -> str:
    text = json.dumps({name: hashes[name] for name in sorted(hashes)}, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
