"""The small parts: position codes, feed-forward, official weights, devices."""

import math

import pytest
import torch

from healnet.exceptions import BundleError, ConfigError
from healnet.model.config import HealNetConfig, PositionConfig
from healnet.model.device import pick_device
from healnet.model.feedforward import SelfNormalisingFeedForward, build_feedforward
from healnet.model.healnet import HealNet
from healnet.model.positions import encode_positions
from healnet.model.presets import published, published_modality, table
from healnet.model.published_weights import load_published_weights


def test_grid_positions_by_hand() -> None:
    positions = PositionConfig(kind="grid", num_bands=2, max_frequency=4.0)  # frequencies 1, 2

    code = encode_positions(torch.tensor([[0.25]], dtype=torch.float64), positions)

    root = math.sqrt(0.5)
    torch.testing.assert_close(code[0].tolist(), [root, 1.0, root, 0.0, 0.25])


def test_physical_positions_by_hand() -> None:
    positions = PositionConfig(
        kind="physical", num_bands=2, min_wavelength=100.0, max_wavelength=400.0
    )

    code = encode_positions(torch.tensor([[100.0, 50.0]], dtype=torch.float64), positions)

    expected = [0, 1, 1, 0, 0, math.sqrt(0.5), -1, math.sqrt(0.5)]
    torch.testing.assert_close(code[0], torch.tensor(expected, dtype=torch.float64))


def test_a_micrometre_means_the_same_on_every_slide() -> None:
    positions = PositionConfig(kind="physical")
    small, large = torch.rand(5, 2) * 1000, torch.rand(5000, 2) * 50000
    large[:5] = small

    assert torch.equal(
        encode_positions(small, positions), encode_positions(large, positions)[:5]
    )


def test_the_self_normalising_block_keeps_mean_and_variance() -> None:
    generator = torch.Generator().manual_seed(7)  # not the seed of the signal
    blocks = [
        SelfNormalisingFeedForward(
            latent_dim=256, hidden_dim=256, dropout=0.2, generator=generator
        ).train()
        for _ in range(4)
    ]
    signal = torch.randn(512, 1, 256)

    for block in blocks:
        signal = block.dropout(torch.selu(block.to_hidden(signal)))

        assert abs(signal.mean()) < 0.1
        assert 0.85 < signal.std() < 1.15


def test_an_unknown_feedforward_cannot_be_built() -> None:
    config = HealNetConfig(modalities=(table("rna", 2),))
    object.__setattr__(config, "feedforward", "relu")

    with pytest.raises(ConfigError, match="unknown feed-forward 'relu'"):
        build_feedforward(config, torch.Generator())


def test_weights_of_another_network_are_refused() -> None:
    model = HealNet(published([published_modality("wsi", 3)], latent_dim=4, num_latents=2))

    with pytest.raises(BundleError, match=r"missing: .*left over: .*stranger"):
        load_published_weights(model, {"stranger": torch.zeros(1)})


@pytest.mark.parametrize("name", ["gpu", "", "cuda0"])
def test_an_unknown_device_is_answered_with_the_known_ones(name: str) -> None:
    with pytest.raises(ConfigError, match="known: auto, cuda, mps, cpu"):
        pick_device(name)


def test_a_device_that_is_not_there_is_refused() -> None:
    missing = "cuda" if not torch.cuda.is_available() else "mps"

    with pytest.raises(ConfigError, match=f"no {missing.upper()} device"):
        pick_device(missing)


def test_auto_always_finds_a_device() -> None:
    assert pick_device().type in {"cuda", "mps", "cpu"}
    assert pick_device("cpu") == torch.device("cpu")
