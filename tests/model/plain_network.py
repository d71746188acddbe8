"""The same network once more, as plainly as possible: an oracle for one patient at a time.

No folding, no batch, no masks: LayerNorm, concatenation and softmax as the equations say.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from healnet.model.config import HealNetConfig, ModalityConfig
from healnet.model.healnet import HealNet
from healnet.model.tokens import Tokens


def plain_logits(model: HealNet, alone: dict[str, Tokens]) -> Tensor:
    """Return the logits of one patient, from tokens without padding."""
    weights, config = dict(model.state_dict()), model.config
    latents = weights["latents"]
    for stored in config.layer_modules:
        for modality in config.modalities:
            if modality.name not in alone:
                continue
            key_value = _key_value(weights, modality, stored, alone[modality.name])
            block = f"layers.{stored}.read.{modality.name}"
            latents = latents + _attend(weights, block, latents, key_value, config, "cross")
            owner = f"layers.{stored}.feedforward.{modality.name}"
            if f"{owner}.norm.weight" not in weights:
                owner = f"layers.{stored}.feedforward.shared"
            latents = latents + _feedforward(weights, owner, latents, config)
            for turn in range(config.self_per_cross):
                block = f"layers.{stored}.reflect.{turn}"
                normed = _norm(weights, f"{block}.read.norm", latents)
                key_value = normed @ weights[f"{block}.to_key_value.weight"].T
                latents = latents + _attend(
                    weights, f"{block}.read", latents, key_value, config, "latent"
                )
                latents = latents + _feedforward(
                    weights, f"{block}.feedforward", latents, config
                )
    pooled = _norm(weights, "head.0", latents.mean(dim=0))
    return pooled @ weights["head.1.weight"].T + weights["head.1.bias"]


def _key_value(
    weights: dict[str, Tensor], modality: ModalityConfig, stored: int, tokens: Tokens
) -> Tensor:
    block, values = f"contexts.{modality.name}", tokens.values[0]
    project = weights[f"{block}.to_key_value.{stored}.weight"]
    if modality.is_table:
        embedded = values * weights[f"{block}.direction"] + weights[f"{block}.identity"]
        if tokens.is_token is not None:
            embedded = embedded[tokens.is_token[0]]
        return embedded @ project.T
    if modality.positions is None:
        return _norm(weights, f"{block}.norm.{stored}", values) @ project.T
    code = torch.cat([_code(x, modality) for x in tokens.coords[0].T], dim=1)
    if modality.positions.kind == "grid":
        joined = torch.cat([values, code], dim=1)
        return _norm(weights, f"{block}.norm.{stored}", joined) @ project.T
    added = code @ weights[f"{block}.code_to_key_value.{stored}.weight"].T
    return _norm(weights, f"{block}.norm.{stored}", values) @ project.T + added


def _code(x: Tensor, modality: ModalityConfig) -> Tensor:
    positions = modality.positions
    columns = []
    if positions.kind == "grid":
        steps = torch.linspace(1, positions.max_frequency / 2, positions.num_bands).tolist()
        phases = [math.pi * step * x for step in steps]
        return torch.stack([p.sin() for p in phases] + [p.cos() for p in phases] + [x], dim=1)
    ratio = positions.max_wavelength / positions.min_wavelength
    for band in range(positions.num_bands):
        wavelength = positions.min_wavelength * ratio ** (band / (positions.num_bands - 1))
        columns.append(2 * math.pi * x / wavelength)
    return torch.stack([p.sin() for p in columns] + [p.cos() for p in columns], dim=1)


def _attend(
    weights: dict[str, Tensor],
    block: str,
    latents: Tensor,
    key_value: Tensor,
    config: HealNetConfig,
    kind: str,
) -> Tensor:
    num_heads = getattr(config, f"{kind}_heads")
    width = getattr(config, f"{kind}_head_dim")
    query = _norm(weights, f"{block}.norm", latents) @ weights[f"{block}.to_query.weight"].T
    key, value = key_value.chunk(2, dim=1)
    read = []
    for head in range(num_heads):
        part = slice(head * width, (head + 1) * width)
        logits = query[:, part] @ key[:, part].T / math.sqrt(width) / config.temperature
        read.append(logits.softmax(dim=1) @ value[:, part])
    out = torch.cat(read, dim=1) @ weights[f"{block}.to_out.weight"].T
    out = out + weights[f"{block}.to_out.bias"]
    return out if config.out_slope is None else F.leaky_relu(out, config.out_slope)


def _feedforward(
    weights: dict[str, Tensor], block: str, latents: Tensor, config: HealNetConfig
) -> Tensor:
    normed = _norm(weights, f"{block}.norm", latents)
    hidden = (
        normed @ weights[f"{block}.to_hidden.weight"].T + weights[f"{block}.to_hidden.bias"]
    )
    if config.feedforward == "snn":
        hidden = F.selu(hidden)
    else:
        content, gate = hidden.chunk(2, dim=1)
        hidden = content * (F.selu if config.feedforward == "gated_selu" else F.gelu)(gate)
    return hidden @ weights[f"{block}.to_out.weight"].T + weights[f"{block}.to_out.bias"]


def _norm(weights: dict[str, Tensor], block: str, values: Tensor) -> Tensor:
    return F.layer_norm(
        values, values.shape[-1:], weights[f"{block}.weight"], weights[f"{block}.bias"]
    )
