"""First weights from the training patients' data."""

import numpy as np
import pytest
import torch

from healnet.data.encoded_case import EncodedCase
from healnet.data.token_arrays import TokenArrays
from healnet.model.context import TableContext
from healnet.model.healnet import HealNet
from healnet.model.presets import bag, default, table
from healnet.train.patients import EncodedPatients
from healnet.train.principal_start import (
    principal_axes,
    start_at_base_hazards,
    start_at_principal_axes,
)

CONFIG = default([bag("slide", 12), table("rna", 6)], num_bins=3)
TIME_BIN = np.array([0, 0, 1, 1, 2, 2, 2, 2])
EVENT = np.array([True, True, True, False, False, False, False, True])


def some_patients() -> EncodedPatients:
    draw = np.random.default_rng(0)
    cases = []
    for number in range(len(TIME_BIN)):
        rna = draw.normal(size=(6, 1)).astype(np.float32)
        rna[:2] = 3 * draw.normal()  # two genes that move together: the strongest axis
        slide = draw.normal(size=(5 + number, 12)).astype(np.float32)
        tokens = {
            "rna": TokenArrays(values=rna),
            "slide": TokenArrays(values=slide, coords=np.zeros((5 + number, 2), np.float32)),
        }
        cases.append(EncodedCase(case_id=f"P{number}", tokens=tokens, match={}, notices=()))
    return EncodedPatients(cases=cases, time_bin=TIME_BIN, event=EVENT)


def test_axes_are_those_of_a_hand_worked_case() -> None:
    patients = torch.tensor([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]]) + 5

    axes, mean = principal_axes(patients, 2)

    assert mean.tolist() == [5, 5]
    # variances are 2 and 0.5: the second deviation is half the first
    torch.testing.assert_close(axes.abs(), torch.diag(torch.tensor([2**-0.5, 1.0])))


@pytest.mark.parametrize(("num_patients", "expected"), [(8, 4), (60, 6), (400, 32)])
def test_ten_patients_are_asked_for_each_axis(num_patients: int, expected: int) -> None:
    patients = torch.randn(num_patients, 50, generator=torch.Generator().manual_seed(0))

    axes, mean = principal_axes(patients, 32)

    assert len(axes) == expected
    spread = ((patients - mean) @ axes.T).square().mean(dim=0)
    assert spread[0].item() == pytest.approx(1, rel=1e-4)
    assert (spread.diff() <= 0).all()


def test_patients_who_are_all_alike_have_no_axis() -> None:
    axes, _ = principal_axes(torch.ones(4, 3), 2)

    assert len(axes) == 0


def test_mean_table_token_starts_as_the_principal_components() -> None:
    network, patients = HealNet(CONFIG, seed=1), some_patients()
    values = torch.stack(
        [torch.from_numpy(one.tokens["rna"].values[:, 0]) for one in patients.cases]
    )

    start_at_principal_axes(network, patients)

    context = network.contexts["rna"]
    assert isinstance(context, TableContext)
    pooled = values @ context.direction / 6
    components = np.linalg.svd((values - values.mean(0)).numpy(), full_matrices=False)[0]
    expected = components[:, 0] * len(values) ** 0.5  # the strongest, mean square 1
    found = (pooled[:, 0] - pooled[:, 0].mean()).detach().numpy()
    np.testing.assert_allclose(abs(found), abs(expected), atol=1e-3)


def test_values_of_a_bag_start_centred_on_the_training_patients() -> None:
    network, patients = HealNet(CONFIG, seed=1), some_patients()

    start_at_principal_axes(network, patients)

    means = torch.stack(
        [
            torch.nn.functional.layer_norm(
                torch.from_numpy(one.tokens["slide"].values), (12,)
            ).mean(0)
            for one in patients.cases
        ]
    )
    projected = (means + network.contexts["slide"].norm[0].bias) @ network.contexts[
        "slide"
    ].to_key_value[0].weight[64:76].T
    torch.testing.assert_close(projected.mean(0), torch.zeros(12), atol=1e-5, rtol=0)


def test_outcome_does_not_move_the_axes() -> None:
    one, other, patients = HealNet(CONFIG, seed=1), HealNet(CONFIG, seed=1), some_patients()
    turned = EncodedPatients(cases=patients.cases, time_bin=TIME_BIN[::-1].copy(), event=~EVENT)

    start_at_principal_axes(one, patients)
    start_at_principal_axes(other, turned)

    for name, value in one.state_dict().items():
        assert torch.equal(value, other.state_dict()[name])


def test_untrained_network_gives_everyone_the_hazards_of_the_training_side() -> None:
    network, patients = HealNet(CONFIG, seed=1).eval(), some_patients()

    start_at_base_hazards(network, patients)

    hazards = torch.sigmoid(network(patients.batch(torch.arange(8)).tokens).logits)
    expected = torch.tensor([2.5 / 9, 1.5 / 7, 1.5 / 5])  # (events + 1/2) / (at risk + 1)
    torch.testing.assert_close(hazards, expected.expand(8, 3))
