"""The network as a whole: sizes, sharing, order, training, starts and stops."""

import copy
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor

from healnet.exceptions import FeatureError, ModalityError, ShapeError
from healnet.model.config import HealNetConfig, ModalityConfig
from healnet.model.healnet import HealNet, Memories
from healnet.model.presets import bag, default, table
from healnet.model.tokens import Tokens
from tests.model.random_nets import MODALITIES, random_case, random_model

STANDARD = (
    bag("slide", 1280),
    table("rna", 400),
    table("cnv", 200),
    table("mutation", 150),
    table("clinical", 12),
)


def _small(**overrides: object) -> HealNetConfig:
    return default([bag("slide", 5), table("rna", 4)], **overrides)


def _tokens(batch_size: int = 3) -> dict[str, Tokens]:
    generator = torch.Generator().manual_seed(1)
    return {
        "slide": Tokens(
            torch.randn(batch_size, 6, 5, generator=generator),
            coords=torch.rand(batch_size, 6, 2, generator=generator) * 5000,
        ),
        "rna": Tokens(torch.randn(batch_size, 4, 1, generator=generator)),
    }


def _count(config: HealNetConfig) -> int:
    return sum(parameter.numel() for parameter in HealNet(config).parameters())


def test_the_shipped_size_is_modest() -> None:
    assert _count(default(STANDARD)) == 362_500  # the number in docs/explanation/network.md


def test_tied_layers_are_one_layer_and_untied_ones_are_not() -> None:
    tied = [_count(_small(depth=depth)) for depth in (1, 2, 5)]
    untied = [_count(_small(depth=depth, weight_tying="none")) for depth in (1, 2, 3)]
    official = [_count(_small(depth=depth, weight_tying="published")) for depth in (1, 2, 5)]

    assert tied[0] == tied[1] == tied[2] == untied[0] == official[0]
    assert untied[2] - untied[1] == untied[1] - untied[0] > 0
    assert official[1] == official[2]
    one_feedforward = _count(_small(feedforward_mult=3)) - _count(_small(feedforward_mult=2))
    assert untied[1] - official[1] == pytest.approx(one_feedforward, rel=0.1)


def test_every_parameter_is_used_and_stored_once() -> None:
    for seed in range(8):
        case = random_case(seed, batch_size=2)
        everyone = {name: replace(one, present=None) for name, one in case.tokens.items()}

        case.model.zero_grad()
        case.model(everyone).logits.square().sum().backward()

        for name, parameter in case.model.named_parameters():
            assert parameter.grad is not None, name
        stored = case.model.state_dict()
        assert len({tensor.data_ptr() for tensor in stored.values()}) == len(stored)


def test_the_same_seed_gives_the_same_network_and_draws_nothing_globally() -> None:
    before = torch.get_rng_state()

    first, second = HealNet(_small(), seed=5), HealNet(_small(), seed=5)
    drawn = HealNet(_small(), generator=torch.Generator().manual_seed(5))
    other = HealNet(_small(), seed=6)

    assert torch.equal(torch.get_rng_state(), before)
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[name])
        assert torch.equal(tensor, drawn.state_dict()[name])
    assert not torch.equal(first.latents, other.latents)


def test_weights_survive_a_file_and_a_copy() -> None:
    model, fresh = HealNet(_small(), seed=1).eval(), HealNet(_small(), seed=2).eval()

    fresh.load_state_dict(load(save(model.state_dict())))

    logits = model(_tokens()).logits
    assert torch.equal(fresh(_tokens()).logits, logits)
    assert torch.equal(copy.deepcopy(model)(_tokens()).logits, logits)


def test_one_remembered_bag_is_the_same_bag_for_everyone() -> None:
    model, tokens = HealNet(_small(self_per_cross=1)).eval(), _tokens(4)
    one = replace(
        tokens["slide"], values=tokens["slide"].values[:1], coords=tokens["slide"].coords[:1]
    )
    repeated = Tokens(one.values.repeat(4, 1, 1), coords=one.coords.repeat(4, 1, 1))
    others = {name: tokens[name] for name in tokens if name != "slide"}

    bag, rest = model.remember({"slide": one}), model.remember(others)
    together = Memories(rest.batch_size, {**bag.of, **rest.of})

    expected = model({**tokens, "slide": repeated})
    torch.testing.assert_close(model.fuse(together).logits, expected.logits)


def test_a_bag_of_one_is_not_that_of_everyone() -> None:
    tokens = {**_tokens(4), "slide": _tokens(1)["slide"]}

    with pytest.raises(ShapeError, match="different batch sizes: slide 1, rna 4"):
        HealNet(_small())(tokens)


def test_the_reading_order_can_be_changed_and_matters() -> None:
    model, tokens = HealNet(_small()).eval(), _tokens()

    usual = model(tokens).logits

    assert torch.equal(model(tokens, order=("slide", "rna")).logits, usual)
    assert not torch.allclose(model(tokens, order=("rna", "slide")).logits, usual)
    assert torch.equal(model(dict(reversed(tokens.items()))).logits, usual)
    with pytest.raises(ModalityError, match="rna is not an order of slide, rna"):
        model(tokens, order=("rna",))


def test_a_missing_key_is_absence_for_everyone() -> None:
    model, tokens = HealNet(_small()).eval(), _tokens()
    absent = replace(tokens["slide"], present=torch.zeros(3, dtype=torch.bool))

    left_out = model({"rna": tokens["rna"]}).logits

    assert torch.equal(model({**tokens, "slide": absent}).logits, left_out)


def test_training_with_dropout_and_absence_gives_finite_gradients() -> None:
    model = HealNet(_small(attention_dropout=0.3, feedforward_dropout=0.3)).train()
    tokens = _tokens()
    values = tokens["slide"].values.clone()
    values[1] = torch.nan
    slide = replace(tokens["slide"], values=values, present=torch.tensor([True, False, True]))

    for need_attention in (False, True):
        model.zero_grad()
        output = model({**tokens, "slide": slide}, need_attention=need_attention)
        output.logits.sum().backward()

        assert all(parameter.grad.isfinite().all() for parameter in model.parameters())
    assert not torch.equal(model(_tokens()).logits, model(_tokens()).logits)


def test_a_value_that_is_not_finite_is_refused_in_bags_and_tables() -> None:
    model = HealNet(_small())
    for name in ("slide", "rna"):
        tokens = _tokens()
        tokens[name].values[0, 0, 0] = torch.nan

        with pytest.raises(FeatureError, match="MODEL-NOT-FINITE"):
            model(tokens)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_short_floats_change_little(dtype: torch.dtype) -> None:
    model, tokens = HealNet(_small()).eval(), _tokens()
    short = {name: replace(one, values=one.values.to(dtype)) for name, one in tokens.items()}

    logits = model(short).logits

    assert logits.dtype == torch.float32
    torch.testing.assert_close(logits, model(tokens).logits, rtol=2e-2, atol=2e-2)


def test_a_hidden_gene_is_not_a_gene_of_value_zero() -> None:
    model, tokens = HealNet(_small()).eval(), _tokens()
    hidden = torch.ones(3, 4, dtype=torch.bool)
    hidden[:, 2] = False
    zeroed = tokens["rna"].values.clone()
    zeroed[:, 2] = 0

    masked = model({**tokens, "rna": replace(tokens["rna"], is_token=hidden)}).logits

    assert not torch.allclose(masked, model({**tokens, "rna": Tokens(zeroed)}).logits)


def test_a_gene_is_known_by_its_place() -> None:
    model, tokens = HealNet(_small()).eval(), _tokens()
    swapped = Tokens(tokens["rna"].values.flip(1))

    logits = model({**tokens, "rna": swapped}).logits

    assert not torch.allclose(logits, model(tokens).logits)


def test_position_on_the_slide_matters_by_its_micrometres() -> None:
    model, tokens = HealNet(_small()).eval(), _tokens()
    slide = tokens["slide"]
    assert slide.coords is not None

    moved = model({**tokens, "slide": replace(slide, coords=slide.coords + 500)}).logits

    assert not torch.allclose(moved, model(tokens).logits)


def test_attention_is_labelled_by_layer_modality_and_head() -> None:
    model = HealNet(_small(depth=3, cross_heads=2, num_latents=5)).eval()

    output = model(_tokens(), need_attention=True)

    assert [(one.layer, one.modality) for one in output.attention] == [
        (layer, name) for layer in range(3) for name in ("slide", "rna")
    ]
    assert output.attention[0].weights.shape == (3, 2, 5, 6)
    assert output.latent_attention == ()


@pytest.mark.parametrize("modality", MODALITIES, ids=lambda modality: modality.name)
def test_any_single_modality_is_enough(modality: ModalityConfig) -> None:
    model = HealNet(
        HealNetConfig(modalities=(modality,), latent_dim=6, cross_head_dim=3)
    ).eval()
    shape = (2, modality.num_features or 11, modality.channels)
    coords = torch.rand(2, 11, modality.axes) if modality.axes else None

    logits: Tensor = model({modality.name: Tokens(torch.randn(shape), coords=coords)}).logits

    assert logits.shape == (2, 4)
    assert logits.isfinite().all()


def test_ten_modalities_at_once() -> None:
    tables = [table(f"panel {index}", 3) for index in range(10)]
    model = HealNet(default(tables)).eval()

    logits = model({one.name: Tokens(torch.randn(2, 3, 1)) for one in tables}).logits

    assert logits.isfinite().all()


def test_random_models_are_different() -> None:
    assert random_model(1, torch.float64).config != random_model(2, torch.float64).config
