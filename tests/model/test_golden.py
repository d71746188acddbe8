"""The `published` preset against values made by the official network."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from healnet.model.config import HealNetConfig, ModalityConfig
from healnet.model.healnet import HealNet, HealNetOutput
from healnet.model.presets import published, published_modality
from healnet.model.published_weights import load_published_weights
from healnet.model.tokens import Tokens

TOLERANCE = 1e-10
NAMES = [
    "published_shape",
    "multihead",
    "latent_self_attention",
    "tied",
    "gelu",
    "no_fourier",
    "wide_frequencies",
    "three_modalities_2d",
]


class Golden:
    """One stored configuration: our network with its weights, its inputs and outputs."""

    def __init__(self, folder: Path, name: str) -> None:
        self.entry = json.loads((folder / "index.json").read_text())[name]
        self.tensors = load_file(folder / f"{name}.safetensors")
        self.model = HealNet(_config(self.entry["config"])).double().eval()
        load_published_weights(self.model, self.part("weights/"))
        self.inputs = {
            f"m{index}": Tokens.from_grid(grid) for index, grid in self.part("inputs/").items()
        }

    def part(self, prefix: str) -> dict[str, torch.Tensor]:
        return {
            name.removeprefix(prefix): tensor
            for name, tensor in self.tensors.items()
            if name.startswith(prefix)
        }


def _config(official: dict[str, Any]) -> HealNetConfig:
    fourier = official.get("fourier_encode_data", True)
    modalities = [
        published_modality(
            f"m{index}",
            channels,
            axes=axes,
            num_bands=official["num_freq_bands"],
            max_frequency=official["max_freq"],
        )
        for index, (channels, axes) in enumerate(
            zip(official["channel_dims"], official["num_spatial_axes"], strict=True)
        )
    ]
    return published(
        modalities if fourier else [_without_positions(one) for one in modalities],
        num_bins=official["out_dims"],
        depth=official["depth"],
        num_latents=official["l_c"],
        latent_dim=official["l_d"],
        cross_heads=official["x_heads"],
        cross_head_dim=official["cross_dim_head"],
        latent_heads=official["l_heads"],
        latent_head_dim=official["latent_dim_head"],
        self_per_cross=official["self_per_cross_attn"],
        weight_tying="published" if official["weight_tie_layers"] else "none",
        feedforward="gated_selu" if official["snn"] else "gated_gelu",
        attention_dropout=0.0,
        feedforward_dropout=0.0,
    )


def _without_positions(modality: ModalityConfig) -> ModalityConfig:
    return replace(modality, positions=None)


@pytest.fixture(params=NAMES)
def golden(request: pytest.FixtureRequest, test_data: Path) -> Golden:
    return Golden(test_data / "golden", request.param)


@pytest.mark.parametrize("need_attention", [False, True], ids=["one sweep", "explicit"])
def test_logits_and_latents_are_the_official_ones(golden: Golden, need_attention: bool) -> None:
    output = golden.model(golden.inputs, need_attention=need_attention)

    _assert_same(output.logits, golden.tensors["outputs/logits"])
    _assert_same(output.latents, golden.tensors["outputs/latents"])


def test_attention_is_the_official_one(golden: Golden) -> None:
    output = golden.model(golden.inputs, need_attention=True)

    stored = golden.part("outputs/attention/")
    found = _by_official_module(golden, output)
    assert len(stored) == len(found)
    for index, name in enumerate(golden.entry["attention_modules"]):
        _assert_same(found[name], stored[str(index)])


@pytest.mark.parametrize("name", [name for name in NAMES if name != "latent_self_attention"])
def test_an_absent_modality_gives_the_official_answer(name: str, test_data: Path) -> None:
    golden = Golden(test_data / "golden", name)

    stored = golden.part("outputs/logits_without_")
    assert len(stored) == len(golden.inputs)
    for index, expected in stored.items():
        rest = {name: one for name, one in golden.inputs.items() if name != f"m{index}"}

        _assert_same(golden.model(rest).logits, expected)


def test_parameter_count_is_the_official_one(golden: Golden) -> None:
    count = sum(parameter.numel() for parameter in golden.model.parameters())

    assert count == golden.entry["parameters"]


def _by_official_module(golden: Golden, output: HealNetOutput) -> dict[str, torch.Tensor]:
    """Attention under official module names; a module that ran twice keeps its last weights."""
    config = golden.model.config
    found = {}
    for layer, name, weights in output.attention:
        place = 2 * config.names.index(name)
        found[f"layers.{config.layer_modules[layer]}.{place}.fn"] = weights.flatten(0, 1)
    for layer, _, weights in output.latent_attention:
        module = f"layers.{config.layer_modules[layer]}.{2 * len(config.names)}.0.fn"
        found[module] = weights.flatten(0, 1)
    return found


def _assert_same(found: torch.Tensor, expected: torch.Tensor) -> None:
    assert found.shape == expected.shape
    assert (found - expected).abs().max() < TOLERANCE
