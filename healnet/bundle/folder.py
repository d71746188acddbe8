"""The model folder: written so that it is whole or not there, read only if nothing changed.

``model.safetensors`` weights and statistics; ``config.json`` what the model is;
``reference.parquet`` whom it is compared with; ``card.json`` what to know about it;
``manifest.json`` the SHA-256 of those four. The model's own hash is that of the list.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from healnet.bundle.atomic import refuse_strangers, write_folder
from healnet.bundle.config_json import StoredConfig, read_json, scale_tensor, with_scale
from healnet.bundle.domain import SlideDomain
from healnet.bundle.model_bundle import Member, ModelBundle
from healnet.bundle.reference import Reference
from healnet.bundle.weights import MAX_BYTES, pack_weights, unpack_weights
from healnet.data.input_spec import SLIDE, InputSpec
from healnet.exceptions import BundleError
from healnet.model.config import HealNetConfig
from healnet.model.healnet import HealNet

WEIGHTS, CONFIG, REFERENCE, CARD = (
    "model.safetensors", "config.json", "reference.parquet", "card.json",
)  # fmt: skip
MANIFEST = "manifest.json"
MODEL_FILES = (WEIGHTS, CONFIG, REFERENCE, CARD)
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
        WEIGHTS: pack_weights(_tensors(bundle, dtype)),
        CONFIG: _config(bundle).to_bytes(),
        REFERENCE: bundle.reference.to_bytes(),
        CARD: json.dumps(bundle.card, allow_nan=False, ensure_ascii=False, indent=1).encode(),
    }
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    manifest = {"format_version": 1, "created": created, "files": hashes}
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
    bundle = ModelBundle(
        name=config.name,
        sha256=_model_hash(cast("dict[str, str]", manifest["files"])),
        created=str(manifest.get("created", "")),
        ensemble=_members(config, tensors),
        time_bins=config.time_bins,
        inputs=config.inputs,
        reference=Reference.from_bytes(contents[REFERENCE], salt=config.case_salt),
        groups=config.groups,
        card=read_json(contents[CARD], where=CARD),
        slide_domain=_domain(tensors),
        quantiles={
            name: tensors.pop(f"quantiles.{name}").numpy()
            for name in config.inputs.tables
            if f"quantiles.{name}" in tensors
        },
    )
    if tensors:
        raise _keys_differ(missing=[], unexpected=sorted(tensors))
    return bundle


def _read_files(folder: Path) -> tuple[dict[str, bytes], dict[str, object]]:
    if not folder.is_dir():
        raise BundleError(
            "there is no such model folder",
            code="MODEL-FOLDER",
            where=folder.name,
            fix="give the folder that 'healnet train --out' wrote",
        )
    hidden = {path.name for path in folder.iterdir() if path.name.startswith(".")}
    refuse_strangers(folder, may_hold=MAY_HOLD | hidden)
    manifest = read_json(_read(folder / MANIFEST), where=MANIFEST)
    hashes = manifest.get("files")
    if not isinstance(hashes, dict) or set(hashes) != set(MODEL_FILES):
        raise BundleError(
            "the manifest does not list the files of a model",
            code="MODEL-MANIFEST",
            where=MANIFEST,
            fix="copy the model folder again",
        )
    contents = {name: _read(folder / name) for name in MODEL_FILES}
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


def _tensors(bundle: ModelBundle, dtype: torch.dtype) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    for number, member in enumerate(bundle.ensemble):
        for name, value in member.network.state_dict().items():
            tensors[f"fold{number}.{name}"] = _stored(name, value, dtype)
        for name, schema in member.inputs.tables.items():
            tensors[f"scale{number}.{name}"] = scale_tensor(schema)
    for name, values in bundle.quantiles.items():
        tensors[f"quantiles.{name}"] = torch.from_numpy(values)
    if bundle.slide_domain is not None:
        parts = bundle.slide_domain.to_tensors()
        tensors |= {f"domain.{name}": value for name, value in parts.items()}
    return tensors


def _stored(name: str, value: Tensor, dtype: torch.dtype) -> Tensor:
    if not value.is_floating_point():
        return value
    stored = value.to(dtype)
    if not torch.equal(stored.to(value.dtype), value):
        raise BundleError(
            f"weight {name} would change when stored as {dtype}",
            code="MODEL-WEIGHTS-RANGE",
            why="published numbers would not be those of the stored model",
            fix="round the weights first, or store float32",
        )
    return stored


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


def _members(config: StoredConfig, tensors: dict[str, Tensor]) -> tuple[Member, ...]:
    described = (config.deviation_limits, config.member_modalities, config.member_time_bins)
    if len({len(part) for part in described}) != 1:
        raise BundleError("members are described wrongly", code="MODEL-CONFIG", where=CONFIG)
    _refuse_oversize(config.model, tensors)
    shapes = {name: one.shape for name, one in HealNet(config.model).state_dict().items()}
    members = []
    for number, bins in enumerate(config.member_time_bins):
        inputs = _member_inputs(config, number, tensors)
        weights = _take(tensors, prefix=f"fold{number}.", shapes=shapes)
        network = _network(config.model, weights)
        members.append(Member(network=network, inputs=inputs, time_bins=bins))
    return tuple(members)


def _refuse_oversize(config: HealNetConfig, tensors: Mapping[str, Tensor]) -> None:
    """Refuse a configuration of more weights than the file holds, before making room for it."""
    inner = config.cross_heads * config.cross_head_dim
    sizes = [
        config.latent_dim * max(config.num_latents, config.num_bins, inner),
        config.latent_dim**2 * config.feedforward_mult,
        *(one.channels * inner for one in config.modalities),
        *((one.num_features or 0) * config.table_dim for one in config.modalities),
    ]
    if config.self_per_cross:
        sizes.append(config.latent_dim * config.latent_heads * config.latent_head_dim)
    stored = sum(one.numel() for one in tensors.values())
    if max(sizes) > stored or len(config.layer_modules) * config.self_per_cross > len(tensors):
        raise BundleError(
            "the configuration has more weights than the file",
            code="MODEL-WEIGHTS-SHAPE",
            where=CONFIG,
            why="the weights belong to another configuration",
            fix="copy the model folder again, or train it again",
        )


def _member_inputs(config: StoredConfig, number: int, tensors: dict[str, Tensor]) -> InputSpec:
    limits, known = config.deviation_limits[number], config.member_modalities[number]
    tables = {}
    for name, schema in config.inputs.tables.items():
        if name in known:
            shapes = {name: torch.Size((len(schema.features), 5))}
            scale = _take(tensors, prefix=f"scale{number}.", shapes=shapes)[name]
            tables[name] = with_scale(schema, scale, limits.get(name))
    slide = config.inputs.slide if SLIDE in known else None
    return InputSpec(slide=slide, tables=tables)


def _network(config: HealNetConfig, weights: Mapping[str, Tensor]) -> HealNet:
    network = HealNet(config)
    network.load_state_dict(
        {name: one.float() if one.is_floating_point() else one for name, one in weights.items()}
    )
    return network


def _take(
    tensors: dict[str, Tensor], *, prefix: str, shapes: Mapping[str, torch.Size]
) -> dict[str, Tensor]:
    """Take the tensors of these names and shapes out of the file's."""
    missing = [prefix + name for name in shapes if prefix + name not in tensors]
    if missing:
        known = {prefix + name for name in shapes}
        unexpected = [n for n in tensors if n.startswith(prefix) and n not in known]
        raise _keys_differ(missing=missing, unexpected=unexpected)
    taken = {name: tensors.pop(prefix + name) for name in shapes}
    for name, one in taken.items():
        if one.shape != shapes[name]:
            raise BundleError(
                f"{prefix}{name}: {_size(one.shape)}, expected {_size(shapes[name])}",
                code="MODEL-WEIGHTS-SHAPE",
                where=WEIGHTS,
                why="the weights belong to another configuration",
                fix="copy the model folder again, or train it again",
            )
    return taken


def _domain(tensors: dict[str, Tensor]) -> SlideDomain | None:
    names = [name for name in tensors if name.startswith("domain.")]
    if not names:
        return None
    parts = {name.removeprefix("domain."): tensors.pop(name) for name in names}
    return SlideDomain.from_tensors(parts)


def _keys_differ(*, missing: list[str], unexpected: list[str]) -> BundleError:
    def listed(names: list[str]) -> str:
        return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")  # noqa: PLR2004

    return BundleError(
        f"missing weights: {listed(missing) or 'none'}; "
        f"unexpected weights: {listed(unexpected) or 'none'}",
        code="MODEL-WEIGHTS-KEYS",
        where=WEIGHTS,
        why="a model is loaded whole, or not at all",
        fix="copy the model folder again, or train it again",
    )


def _size(shape: torch.Size) -> str:
    return "x".join(map(str, shape)) or "1 number"


def _model_hash(hashes: Mapping[str, str]) -> str:
    text = json.dumps({name: hashes[name] for name in sorted(hashes)}, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
