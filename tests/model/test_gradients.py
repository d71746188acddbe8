"""What moved a score: gradients against finite differences, and completeness."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from healnet.exceptions import ModalityError
from healnet.model.gradients import gradient_times_input, input_gradient
from healnet.model.healnet import HealNet
from healnet.model.presets import bag, default, table
from healnet.model.tokens import Tokens
from tests.model.random_nets import Draw, random_case, real


def _score(logits: Tensor) -> Tensor:
    return logits.sigmoid().sum(dim=-1)


def _with_values(tokens: dict[str, Tokens], name: str, values: Tensor) -> dict[str, Tokens]:
    return {**tokens, name: replace(tokens[name], values=values)}


@pytest.mark.parametrize("seed", range(12))
def test_the_gradient_predicts_a_small_change(seed: int) -> None:
    case = random_case(seed)
    for name, one in case.tokens.items():
        direction = Draw(seed).normal(*one.values.shape)

        gradient = input_gradient(case.model, case.tokens, name, _score)

        step = 1e-6
        ends = []
        for sign in (1, -1):
            moved = _with_values(case.tokens, name, one.values + sign * step * direction)
            ends.append(_score(case.model(moved).logits).sum())
        measured = (ends[0] - ends[1]) / (2 * step)
        torch.testing.assert_close((gradient * direction).sum(), measured, rtol=1e-4, atol=1e-7)
        assert gradient[~real(one)].count_nonzero() == 0


@pytest.mark.parametrize("seed", range(12))
def test_the_chunked_map_is_the_gradient_times_the_input(seed: int) -> None:
    case = random_case(seed)
    for name, one in case.tokens.items():
        baseline = Draw(seed).normal(one.values.shape[-1])

        found = gradient_times_input(case.model, case.tokens, name, _score, baseline=baseline)

        gradient = input_gradient(case.model, case.tokens, name, _score)
        expected = (gradient * (one.values - baseline)).sum(dim=-1)
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-12)


def test_garbage_under_the_mask_does_not_reach_the_map() -> None:
    model = HealNet(default([bag("slide", 5), table("rna", 4)])).eval()
    is_token = torch.tensor([[True, True, False], [True, True, True]])
    values = torch.randn(2, 3, 5).masked_fill(~is_token[..., None], torch.nan)
    slide = Tokens(values, coords=torch.rand(2, 3, 2) * 1000, is_token=is_token)
    rna = Tokens(torch.full((2, 4, 1), torch.nan), present=torch.tensor([False, False]))

    slide_map = gradient_times_input(model, {"slide": slide, "rna": rna}, "slide", _score)
    rna_map = gradient_times_input(model, {"slide": slide, "rna": rna}, "rna", _score)

    assert slide_map.isfinite().all()
    assert slide_map[is_token].count_nonzero() == 5
    assert rna_map.count_nonzero() == 0


def test_integrated_gradients_over_a_table_with_one_shared_bag_are_complete() -> None:
    torch.manual_seed(3)
    model = HealNet(default([bag("slide", 8), table("rna", 20)]), seed=4).double().eval()
    slide = Tokens(
        torch.randn(1, 300, 8).double(), coords=torch.rand(1, 300, 2).double(), shared=True
    )
    rna, steps = torch.randn(1, 20, 1).double(), 128
    along = (torch.arange(steps).double()[:, None, None] + 0.5) / steps

    tokens = {"slide": slide, "rna": Tokens(along * rna)}
    mean_gradient = input_gradient(model, tokens, "rna", _score).mean(dim=0)
    attributed = (mean_gradient * rna[0]).sum()

    ends = _score(model({"slide": slide, "rna": Tokens(torch.cat([rna, 0 * rna]))}).logits)
    torch.testing.assert_close(attributed, ends[0] - ends[1], rtol=1e-4, atol=1e-6)


def test_a_map_of_what_did_not_come_is_refused() -> None:
    model = HealNet(default([bag("slide", 5), table("rna", 4)]))
    tokens = {"rna": Tokens(torch.zeros(1, 4, 1))}

    with pytest.raises(ModalityError, match=r"no map of 'slide'.*rna came"):
        input_gradient(model, tokens, "slide", _score)
    with pytest.raises(ModalityError, match="no map of 'protein'"):
        gradient_times_input(model, tokens, "protein", _score)
