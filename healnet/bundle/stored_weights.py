"""What of a model is numbers: weights, scales, quantiles and domain, as named tensors."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor

from healnet.bundle.config_json import StoredConfig, scale_tensor, with_scale
from healnet.bundle.domain import SlideDomain
from healnet.bundle.model_bundle import Member, ModelBundle
from healnet.data.input_spec import SLIDE, InputSpec, SlideSpec
from healnet.exceptions import BundleError
from healnet.model.config import HealNetConfig
from healnet.model.healnet import HealNet
from healnet.omics.table_schema import TableSchema

WEIGHTS, CONFIG = "model.safetensors", "config.json"


def to_tensors(bundle: ModelBundle, dtype: torch.dtype) -> dict[str, Tensor]:
    """Return everything of a model that is numbers, by name.

    Raises:
        BundleError: ``MODEL-WEIGHTS-RANGE`` if a weight would change in this precision.
    """
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


def take_members(config: StoredConfig, tensors: dict[str, Tensor]) -> tuple[Member, ...]:
    """Take the members out of the tensors of a file."""
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
        len(set(config.layer_modules)) * config.latent_dim**2 * config.feedforward_mult,
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
        raise keys_differ(missing=missing, unexpected=unexpected)
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


def take_domain(tensors: dict[str, Tensor], slide: SlideSpec | None) -> SlideDomain | None:
    """Take the domain of the training slides out of the tensors; None if there is none."""
    names = [name for name in tensors if name.startswith("domain.")]
    if not names:
        return None
    parts = {name.removeprefix("domain."): tensors.pop(name) for name in names}
    domain = SlideDomain.from_tensors(parts)
    if slide is None or slide.encoder.dim != len(domain.mean):
        raise BundleError(
            f"the domain of the slides has {len(domain.mean)} channels, their encoder "
            f"{0 if slide is None else slide.encoder.dim}",
            code="MODEL-WEIGHTS-SHAPE",
            where=WEIGHTS,
            why="no slide could be compared with the training slides",
            fix="copy the model folder again, or train it again",
        )
    return domain


def take_quantiles(
    tensors: dict[str, Tensor], tables: Mapping[str, TableSchema]
) -> dict[str, Float[ndarray, "p q"]]:
    """Take the quantiles of the features out of the tensors, by table."""
    found = {}
    for name, schema in tables.items():
        values = tensors.pop(f"quantiles.{name}", None)
        if values is None:
            continue
        is_grid = values.ndim == 2 and values.is_floating_point()  # noqa: PLR2004  (rows, grid)
        if not is_grid or len(values) != len(schema.features) or values.shape[1] < 2:  # noqa: PLR2004
            raise _quantiles_differ(name, f"{_size(values.shape)} values")
        if bool((values.diff(dim=1) < 0).any()):
            raise _quantiles_differ(name, "values that fall")
        found[name] = values.numpy()
    return found


def _quantiles_differ(name: str, found: str) -> BundleError:
    return BundleError(
        f"quantiles.{name}: {found}, expected a rising row for each feature",
        code="MODEL-WEIGHTS-SHAPE",
        where=WEIGHTS,
        why="values would be ranked among those of another feature",
        fix="copy the model folder again, or train it again",
    )


def keys_differ(*, missing: list[str], unexpected: list[str]) -> BundleError:
    """Return the refusal of a file with other tensors than the configuration names."""

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
