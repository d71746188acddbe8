"""Calibration: as sure as unseen patients allow, in the same order, inside the network."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from healnet.model.healnet import HealNet
from healnet.model.presets import default, table
from healnet.model.tokens import Tokens
from healnet.survival.loss import survival_nll
from healnet.train.calibration import Calibration, fit_calibration, fold_into_head

NETWORK = default((table("rna", 5),), num_bins=3, latent_dim=16)


def outcome(size: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(seed)
    time_bin = torch.randint(0, 3, (size,), generator=draw)
    return time_bin, torch.rand(size, generator=draw) < 0.6


@given(seed=st.integers(0, 2**16), scale=st.floats(0.1, 30))
@pytest.mark.slow
def test_no_factor_in_reach_is_better(seed: int, scale: float) -> None:
    logits = torch.randn(30, 3, generator=torch.Generator().manual_seed(seed)) * scale
    time_bin, event = outcome(30, seed)

    found = fit_calibration(logits, time_bin, event)

    for factor in np.linspace(0.05, 1, 20):
        pulled = found.centre + float(factor) * (logits - found.centre)
        assert found.loss <= float(survival_nll(pulled, time_bin, event)) + 1e-5


def test_noise_that_is_sure_of_itself_is_pulled_back() -> None:
    time_bin, event = outcome(400, 0)
    logits = torch.randn(400, 3, generator=torch.Generator().manual_seed(1)) * 8

    assert fit_calibration(logits, time_bin, event).factor <= 0.1


def test_true_hazards_are_left_as_they_are() -> None:
    draw = torch.Generator().manual_seed(2)
    logits = torch.randn(4000, 3, generator=draw)
    fell = torch.rand(4000, 3, generator=draw) < logits.sigmoid()
    event = fell.any(dim=1)
    time_bin = torch.where(event, fell.int().argmax(dim=1), 2)

    assert fit_calibration(logits, time_bin, event).factor >= 0.85


def test_the_network_itself_gives_the_calibrated_answer() -> None:
    network = HealNet(NETWORK, seed=1).eval()
    tokens = {"rna": Tokens(torch.randn(7, 5, 1))}
    with torch.no_grad():
        before = network(tokens).logits
    centre = before.mean(dim=0)

    fold_into_head(network, Calibration(0.4, centre, 0.0))

    with torch.no_grad():
        after = network(tokens).logits
    torch.testing.assert_close(after, centre + 0.4 * (before - centre))


def test_patients_keep_their_order_in_every_bin() -> None:
    logits = torch.randn(20, 3)
    centre = logits.mean(dim=0)

    pulled = centre + 0.05 * (logits - centre)

    for bin_number in range(3):
        order = logits[:, bin_number].argsort()
        assert pulled[order, bin_number].diff().min() >= 0


def test_a_loss_is_in_nats_per_patient() -> None:
    logits = torch.zeros(10, 3)

    found = fit_calibration(logits, torch.zeros(10).long(), torch.ones(10).bool())

    assert found.loss == pytest.approx(np.log(2))
