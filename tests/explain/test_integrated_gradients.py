"""Integrated gradients: complete, equal to captum, exact on what can be worked by hand."""

import pytest
import torch
from captum.attr import IntegratedGradients
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from healnet.explain.integrated_gradients import integrated_gradients


def network(seed: int) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(7, 16), nn.Tanh(), nn.Linear(16, 1)).double()


def joint(model: nn.Module, first: Tensor, second: Tensor) -> Tensor:
    return model(torch.cat([first.flatten(1), second.flatten(1)], dim=1))[:, 0]


@given(seed=st.integers(0, 2**16), batch_size=st.integers(1, 40))
def test_the_parts_add_up_to_the_difference(seed: int, batch_size: int) -> None:
    model = network(seed)
    inputs = {"a": torch.randn(1, 4, 1).double(), "b": torch.randn(1, 3, 1).double()}
    baselines = {name: torch.zeros_like(value) for name, value in inputs.items()}

    found = integrated_gradients(
        lambda batch: joint(model, batch["a"], batch["b"]),
        inputs,
        baselines,
        num_nodes=32,
        batch_size=batch_size,
    )

    total = sum(float(part.sum()) for part in found.by_input.values())
    ends = joint(model, *inputs.values()) - joint(model, *baselines.values())
    difference = float(ends.detach())
    assert total == pytest.approx(difference, abs=1e-6)
    assert found.delta == pytest.approx(total - difference, abs=1e-12)


def test_equals_captum_on_two_inputs() -> None:
    model = network(3)
    first, second = torch.randn(1, 4, 1).double(), torch.randn(1, 3, 1).double()
    zeros = (torch.zeros_like(first), torch.full_like(second, 0.3))

    ours = integrated_gradients(
        lambda batch: joint(model, batch["a"], batch["b"]),
        {"a": first, "b": second},
        {"a": zeros[0], "b": zeros[1]},
        num_nodes=20,
    )
    theirs = IntegratedGradients(lambda a, b: joint(model, a, b)).attribute(
        (first, second), zeros, n_steps=20, method="gausslegendre"
    )

    torch.testing.assert_close(ours.by_input["a"], theirs[0])
    torch.testing.assert_close(ours.by_input["b"], theirs[1])


def test_a_product_is_split_in_equal_parts() -> None:
    inputs = {"a": torch.tensor([[[2.0], [3.0]]])}

    found = integrated_gradients(
        lambda batch: batch["a"][:, 0, 0] * batch["a"][:, 1, 0],
        inputs,
        {"a": torch.zeros(1, 2, 1)},
    )

    assert found.by_input["a"].flatten().tolist() == pytest.approx([3.0, 3.0])
    assert found.delta == pytest.approx(0, abs=1e-6)


def test_an_input_that_is_never_read_gets_nothing() -> None:
    inputs = {"a": torch.ones(1, 2, 1), "b": torch.ones(1, 3, 1)}
    zeros = {name: torch.zeros_like(value) for name, value in inputs.items()}

    found = integrated_gradients(lambda batch: batch["a"].sum(dim=(1, 2)), inputs, zeros)

    assert found.by_input["b"].count_nonzero() == 0
    assert found.by_input["a"].flatten().tolist() == [1.0, 1.0]


def test_the_inputs_are_left_as_they_were() -> None:
    value = torch.ones(1, 2, 1)

    integrated_gradients(
        lambda batch: batch["a"].square().sum(dim=(1, 2)),
        {"a": value},
        {"a": torch.zeros(1, 2, 1)},
    )

    assert not value.requires_grad
    assert value.flatten().tolist() == [1.0, 1.0]
