"""What moved a score: gradients against finite differences, and completeness."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from healnet.exceptions import ModalityError
from healnet.model.gradients import (
    gradient_times_input,
    integrated_gradient_map,
)
from healnet.model.healnet import HealNet, Memories
from healnet.model.presets import bag, default, table
from healnet.model.tokens import Tokens
from tests.model.plain_gradient import input_gradient
from tests.model.random_nets import Draw, random_case, real


def _score(logits: Tensor) -> Tensor:
    return logits.sigmoid().sum(dim=-1)


def _with_values(tokens: dict[str, Tokens], name: str, values: Tensor) -> dict[str, Tokens]:
    return {**tokens, name: replace(tokens[name], values=values)}


def repeated(bag: Tokens, times: int) -> Tokens:
    return Tokens(bag.values.repeat(times, 1, 1), coords=bag.coords.repeat(times, 1, 1))


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


@pytest.mark.parametrize("seed", range(6))
def test_integrated_maps_add_up_to_what_the_modality_did(seed: int) -> None:
    tokens = random_case(seed).tokens
    # Neither narrow LayerNorms nor kinks, for which the midpoint rule would need more points.
    smooth = {"latent_dim": 16, "out_slope": None, "temperature": 1.0}
    config = replace(random_case(seed).model.config, **smooth)
    model = HealNet(config, seed=seed).double().eval()
    for name, one in tokens.items():
        baseline = Draw(seed).normal(one.values.shape[-1])

        found = integrated_gradient_map(
            model, tokens, name, _score, baseline=baseline, num_points=64
        )

        flat = _with_values(tokens, name, baseline.expand(one.values.shape))
        expected = _score(model(tokens).logits) - _score(model(flat).logits)
        torch.testing.assert_close(found.sum(dim=1), expected, rtol=2e-2, atol=6e-4)
        assert found[~real(one)].count_nonzero() == 0


@pytest.mark.parametrize("seed", range(12))
def test_the_map_of_a_table_is_its_gradient_times_its_values(seed: int) -> None:
    case = random_case(seed)
    for name in {"rna", "clinical"} & set(case.tokens):
        values = case.tokens[name].values

        found = gradient_times_input(case.model, case.tokens, name, _score)

        gradient = input_gradient(case.model, case.tokens, name, _score)
        torch.testing.assert_close(found, (gradient * values)[..., 0], rtol=1e-9, atol=1e-12)


def test_the_map_of_a_bag_predicts_a_small_step_to_the_baseline() -> None:
    model = HealNet(default([bag("set", 6, axes=0)]), seed=1).double().eval()
    torch.manual_seed(2)
    values = torch.randn(1, 5, 6).double()
    standard = nn.functional.layer_norm(values, (6,))  # a token that LayerNorm leaves as it is
    tokens = {"set": Tokens(standard)}

    found = gradient_times_input(model, tokens, "set", _score)

    memories = model.remember(tokens)
    (key_value,) = memories.of["set"].key_value
    (constant,) = (
        model.remember({"set": Tokens(torch.zeros(1, 5, 6).double())}).of["set"].key_value
    )
    moved = key_value.clone()
    step = 1e-6
    moved[:, 3] += step * (constant - key_value)[:, 3]
    memory = memories.of["set"]._replace(key_value=(moved,))
    change = _score(model.fuse(Memories(1, {"set": memory})).logits) - _score(
        model(tokens).logits
    )
    torch.testing.assert_close(-change / step, found[:, 3], rtol=1e-3, atol=1e-8)


def test_scaling_a_token_changes_nothing_and_so_its_plain_gradient_times_it_is_zero() -> None:
    model = HealNet(default([bag("set", 64, axes=0)]), seed=1).double().eval()
    values = torch.randn(1, 5, 64, dtype=torch.float64)

    plain = (input_gradient(model, {"set": Tokens(values)}, "set", _score) * values).sum(dim=-1)
    ours = gradient_times_input(model, {"set": Tokens(values)}, "set", _score)

    assert plain.abs().max() < 1e-3 * ours.abs().max()


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


def test_gradients_along_the_way_of_a_table_beside_a_bag_are_complete() -> None:
    torch.manual_seed(3)
    model = HealNet(default([bag("slide", 8), table("rna", 20)]), seed=4).double().eval()
    slide = Tokens(torch.randn(1, 300, 8).double(), coords=torch.rand(1, 300, 2).double())
    rna, steps = torch.randn(1, 20, 1).double(), 64
    along = (torch.arange(steps).double()[:, None, None] + 0.5) / steps

    tokens = {"slide": repeated(slide, steps), "rna": Tokens(along * rna)}
    mean_gradient = input_gradient(model, tokens, "rna", _score).mean(dim=0)
    attributed = (mean_gradient * rna[0]).sum()

    both = {"slide": repeated(slide, 2), "rna": Tokens(torch.cat([rna, 0 * rna]))}
    ends = _score(model(both).logits)
    torch.testing.assert_close(attributed, ends[0] - ends[1], rtol=1e-4, atol=1e-6)


def test_a_map_of_what_did_not_come_is_refused() -> None:
    model = HealNet(default([bag("slide", 5), table("rna", 4)]))
    tokens = {"rna": Tokens(torch.zeros(1, 4, 1))}

    with pytest.raises(ModalityError, match=r"no map of 'slide'.*rna came"):
        gradient_times_input(model, tokens, "slide", _score)
    with pytest.raises(ModalityError, match="no map of 'protein'"):
        gradient_times_input(model, tokens, "protein", _score)
