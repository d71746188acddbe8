"""The loss: the official values, hand-worked numbers, and what it must never do."""

import json
import math
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from healnet.exceptions import SurvivalError
from healnet.survival.hazards import (
    hazards_from_logits,
    risk_from_logits,
    survival_from_logits,
)
from healnet.survival.loss import (
    discrete_hazard_nll,
    survival_cross_entropy,
    survival_nll,
)

ALPHAS = (0.0, 0.15, 0.4)


class Official:
    """The stored inputs and values of the official loss."""

    def __init__(self, folder: Path) -> None:
        stored = json.loads((folder / "golden" / "losses.json").read_text())
        self.logits = torch.tensor(stored["logits"], dtype=torch.float64)
        self.time_bin = torch.tensor(stored["time_bin"])
        self.event = torch.tensor(stored["censored"]) == 0
        self.weights = torch.tensor(stored["class_weights"], dtype=torch.float64)
        self.risk = torch.tensor(stored["risk"], dtype=torch.float64)
        self.losses: dict[str, float] = stored["losses"]


@pytest.fixture
def official(test_data: Path) -> Official:
    return Official(test_data)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_nll_equals_the_official_value(official: Official, alpha: float) -> None:
    loss = survival_nll(official.logits, official.time_bin, official.event, alpha=alpha)

    assert abs(loss.item() - official.losses[f"nll_alpha_{alpha}"]) < 1e-9


@pytest.mark.parametrize("alpha", ALPHAS)
def test_nll_with_class_weights_equals_the_official_value(
    official: Official, alpha: float
) -> None:
    loss = survival_nll(
        official.logits,
        official.time_bin,
        official.event,
        alpha=alpha,
        bin_weights=official.weights,
    )

    assert abs(loss.item() - official.losses[f"nll_alpha_{alpha}_weighted"]) < 1e-9


@pytest.mark.parametrize("alpha", ALPHAS)
def test_cross_entropy_equals_the_official_value(official: Official, alpha: float) -> None:
    loss = survival_cross_entropy(
        official.logits, official.time_bin, official.event, alpha=alpha
    )

    assert abs(loss.item() - official.losses[f"ce_alpha_{alpha}"]) < 1e-9


def test_risk_equals_the_official_value(official: Official) -> None:
    risk = risk_from_logits(official.logits)

    # The official risks were computed in single precision.
    torch.testing.assert_close(risk, official.risk, atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param(True, -math.log(0.8) - math.log(0.5), id="died in bin 1"),
        pytest.param(False, -math.log(0.8) - math.log(1 - 0.5), id="censored in bin 1"),
    ],
)
def test_nll_matches_the_formula(event: bool, expected: float) -> None:
    logits = torch.logit(torch.tensor([[0.2, 0.5, 0.9]], dtype=torch.float64))

    nll = discrete_hazard_nll(logits, torch.tensor([1]), torch.tensor([event]))

    assert nll.item() == pytest.approx(expected, rel=1e-12)


def test_cross_entropy_matches_the_formula() -> None:
    logits = torch.logit(torch.tensor([[0.2, 0.5], [0.2, 0.5]], dtype=torch.float64))

    loss = survival_cross_entropy(logits, torch.tensor([1, 1]), torch.tensor([True, False]))

    alive = 0.8 * 0.5
    assert loss.item() == pytest.approx((-math.log(1 - alive) - math.log(alive)) / 2)


def test_nll_is_the_cross_entropy_of_every_bin_that_was_lived_through() -> None:
    logits = torch.randn(40, 5, dtype=torch.float64)
    time_bin = torch.randint(0, 5, (40,))
    event = torch.rand(40) < 0.5

    nll = discrete_hazard_nll(logits, time_bin, event)

    died = F.one_hot(time_bin, 5) * event[:, None]
    terms = F.binary_cross_entropy_with_logits(logits, died.double(), reduction="none")
    lived = torch.arange(5) <= time_bin[:, None]
    torch.testing.assert_close(nll, (terms * lived).sum(dim=1))


def test_gradient_is_exact() -> None:
    logits = torch.randn(6, 4, dtype=torch.float64, requires_grad=True)
    time_bin, event = torch.tensor([0, 1, 2, 3, 3, 0]), torch.tensor([True, False] * 3)

    assert torch.autograd.gradcheck(
        lambda x: survival_nll(x, time_bin, event, alpha=0.4), (logits,)
    )
    assert torch.autograd.gradcheck(
        lambda x: survival_cross_entropy(x, time_bin, event, alpha=0.4), (logits,)
    )


@pytest.mark.parametrize("size", [1.0, 50.0, 1e4])
@pytest.mark.parametrize("loss", [survival_nll, survival_cross_entropy])
def test_extreme_logits_give_finite_loss_and_gradient(loss: object, size: float) -> None:
    logits = (torch.tensor([[1.0, -1.0, 1.0, -1.0]] * 4) * size).requires_grad_()
    time_bin, event = torch.tensor([0, 1, 2, 3]), torch.tensor([False, True, False, True])

    value = loss(logits, time_bin, event, alpha=0.2)  # type: ignore[operator]
    value.backward()

    assert torch.isfinite(value)
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


@given(seed=st.integers(0, 2**16), num_bins=st.integers(2, 12), num_patients=st.integers(1, 20))
def test_nll_is_never_negative_and_ignores_bins_not_reached(
    seed: int, num_bins: int, num_patients: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(num_patients, num_bins, generator=generator)
    time_bin = torch.randint(0, num_bins, (num_patients,), generator=generator)
    event = torch.rand(num_patients, generator=generator) < 0.5

    nll = discrete_hazard_nll(logits, time_bin, event)
    beyond = torch.arange(num_bins) > time_bin[:, None]
    poisoned = discrete_hazard_nll(logits.masked_fill(beyond, torch.nan), time_bin, event)

    assert (nll >= 0).all()
    assert torch.equal(nll, poisoned)


@given(seed=st.integers(0, 2**16), alpha=st.floats(0, 1))
def test_row_order_does_not_change_the_loss(seed: int, alpha: float) -> None:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(12, 4, generator=generator, dtype=torch.float64)
    time_bin = torch.randint(0, 4, (12,), generator=generator)
    event = torch.rand(12, generator=generator) < 0.5
    order = torch.randperm(12, generator=generator)

    loss = survival_nll(logits, time_bin, event, alpha=alpha)
    again = survival_nll(logits[order], time_bin[order], event[order], alpha=alpha)

    torch.testing.assert_close(loss, again, rtol=1e-12, atol=1e-12)


@given(seed=st.integers(0, 2**16), num_bins=st.integers(1, 30))
def test_survival_falls_from_one_and_risk_stays_in_its_range(seed: int, num_bins: int) -> None:
    logits = 5 * torch.randn(3, num_bins, generator=torch.Generator().manual_seed(seed))

    survival = survival_from_logits(logits)
    risk = risk_from_logits(logits)

    hazards = hazards_from_logits(logits)
    torch.testing.assert_close(survival, (1 - hazards).cumprod(dim=1), atol=1e-6, rtol=1e-4)
    assert (survival[:, 1:] <= survival[:, :-1]).all()
    assert ((survival >= 0) & (survival <= 1)).all()
    assert ((risk >= -num_bins) & (risk <= 0)).all()


def test_a_higher_hazard_in_any_bin_is_a_higher_risk() -> None:
    logits = torch.zeros(4, 4)
    logits[range(1, 4), range(1, 4)] = 1.0

    risk = risk_from_logits(logits)

    assert (risk[1:] > risk[0]).all()
    assert risk[1] > risk[2] > risk[3]  # earlier is worse


@pytest.mark.parametrize(
    ("time_bin", "message"),
    [([0, 3], r"\[0, 3\)"), ([-1, 0], r"\[0, 3\)"), ([], "empty batch")],
)
def test_a_bin_out_of_range_or_an_empty_batch_is_refused(
    time_bin: list[int], message: str
) -> None:
    bins = torch.tensor(time_bin, dtype=torch.int64)

    with pytest.raises(SurvivalError, match=message):
        discrete_hazard_nll(torch.zeros(len(bins), 3), bins, torch.ones(len(bins)) > 0)


def test_an_alpha_out_of_range_or_other_weights_are_refused() -> None:
    logits, time_bin, event = torch.zeros(2, 3), torch.tensor([0, 1]), torch.tensor([True] * 2)

    with pytest.raises(SurvivalError, match="alpha"):
        survival_nll(logits, time_bin, event, alpha=1.5)
    with pytest.raises(SurvivalError, match="3 values"):
        survival_nll(logits, time_bin, event, bin_weights=torch.ones(4))
