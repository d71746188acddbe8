"""Weights of the official network, under our names.

Official names: ``layers.<l>.<2m>`` is the cross-attention of modality m in layer l,
``layers.<l>.<2m+1>`` its feed-forward, ``layers.<l>.<last>`` the latent self-attention.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from healnet.exceptions import BundleError
from healnet.model.healnet import HealNet

_READ = {
    "norm.weight": "norm.weight",
    "norm.bias": "norm.bias",
    "to_query.weight": "fn.to_q.weight",
    "to_out.weight": "fn.to_out.0.weight",
    "to_out.bias": "fn.to_out.0.bias",
}
_FEEDFORWARD = {
    "norm.weight": "norm.weight",
    "norm.bias": "norm.bias",
    "to_hidden.weight": "fn.net.0.weight",
    "to_hidden.bias": "fn.net.0.bias",
    "to_out.weight": "fn.net.2.weight",
    "to_out.bias": "fn.net.2.bias",
}
_HEAD = {
    "latents": "latents",
    "head.0.weight": "to_logits.1.weight",
    "head.0.bias": "to_logits.1.bias",
    "head.1.weight": "to_logits.2.weight",
    "head.1.bias": "to_logits.2.bias",
}


def load_published_weights(model: HealNet, state_dict: Mapping[str, Tensor]) -> None:
    """Copy the weights of an official state dict into a model of the same configuration.

    Every official tensor must find its place, and tensors that stand for one tied module must
    be equal.

    Raises:
        BundleError: If tensors are missing, left over, of another shape, or tied ones differ.
    """
    pairs = list(_pairs(model))
    needed = {theirs for _, theirs in pairs}
    if needed != set(state_dict):
        raise BundleError(
            "these are not weights of this configuration",
            code="MODEL-WEIGHTS",
            why=f"missing: {sorted(needed - set(state_dict))[:3]}; "
            f"left over: {sorted(set(state_dict) - needed)[:3]}",
        )
    ours = model.state_dict()
    filled: dict[str, str] = {}
    for name, theirs in pairs:
        first = filled.setdefault(name, theirs)
        if ours[name].shape != state_dict[theirs].shape:
            raise BundleError(
                f"{theirs} has shape {tuple(state_dict[theirs].shape)}; this configuration "
                f"expects {tuple(ours[name].shape)}",
                code="MODEL-WEIGHTS",
            )
        if not torch.equal(state_dict[first], state_dict[theirs]):
            raise BundleError(
                f"{first} and {theirs} differ, but this configuration ties them",
                code="MODEL-WEIGHTS",
            )
        ours[name].copy_(state_dict[theirs])


def _pairs(model: HealNet) -> Iterator[tuple[str, str]]:
    """Yield (our name, official name); a tied module appears once per official name."""
    yield from _HEAD.items()
    config = model.config
    for index, stored in enumerate(config.layer_modules):
        ours, theirs = f"layers.{stored}", f"layers.{index}"
        shares = config.weight_tying == "published" and stored > 0
        for place, name in enumerate(config.names):
            cross = f"{theirs}.{2 * place}"
            yield from _renamed(f"{ours}.read.{name}", cross, _READ)
            context = f"contexts.{name}"
            yield f"{context}.to_key_value.{stored}.weight", f"{cross}.fn.to_kv.weight"
            for kind in ("weight", "bias"):
                yield f"{context}.norm.{stored}.{kind}", f"{cross}.norm_context.{kind}"
            feedforward = f"{ours}.feedforward.{'shared' if shares else name}"
            yield from _renamed(feedforward, f"{theirs}.{2 * place + 1}", _FEEDFORWARD)
        last = f"{theirs}.{2 * len(config.names)}"
        for turn in range(config.self_per_cross):
            block = f"{ours}.reflect.{turn}"
            yield from _renamed(f"{block}.read", f"{last}.{2 * turn}", _READ)
            yield f"{block}.to_key_value.weight", f"{last}.{2 * turn}.fn.to_kv.weight"
            yield from _renamed(f"{block}.feedforward", f"{last}.{2 * turn + 1}", _FEEDFORWARD)


def _renamed(ours: str, theirs: str, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for our_name, their_name in names.items():
        yield f"{ours}.{our_name}", f"{theirs}.{their_name}"
