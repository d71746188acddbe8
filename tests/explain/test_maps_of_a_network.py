"""Perturbation and table attribution on a small network whose answers can be checked."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from healnet.explain.input_attribution import attribute_inputs
from healnet.explain.perturbation import perturbation_map
from healnet.explain.regions import group_patches
from healnet.model.healnet import HealNet
from healnet.model.presets import bag, default, table
from healnet.model.tokens import Tokens
from healnet.survival.hazards import risk_from_logits


def network(seed: int = 0) -> HealNet:
    config = default((bag("slide", 6), table("rna", 5), table("cnv", 3)), latent_dim=16)
    return HealNet(config, seed=seed).eval()


def patient(num_patches: int = 12, seed: int = 1) -> dict[str, Tokens]:
    draw = torch.Generator().manual_seed(seed)
    is_measured = torch.tensor([[True, True, False, True, True]])
    return {
        "slide": Tokens(
            torch.randn(1, num_patches, 6, generator=draw),
            coords=torch.rand(1, num_patches, 2, generator=draw) * 1e4,
        ),
        "rna": Tokens(torch.randn(1, 5, 1, generator=draw), is_token=is_measured),
        "cnv": Tokens(torch.randn(1, 3, 1, generator=draw)),
    }


def without(tokens: dict[str, Tokens], kept: torch.Tensor) -> dict[str, Tokens]:
    slide = tokens["slide"]
    left = Tokens(slide.values[:, kept], coords=slide.coords[:, kept])
    return {**tokens, "slide": left}


@torch.no_grad()
def risk(model: HealNet, tokens: dict[str, Tokens]) -> float:
    return float(risk_from_logits(model(tokens).logits)[0])


@settings(max_examples=20)
@given(seed=st.integers(0, 2**16), num_regions=st.integers(2, 6))
def test_leaving_out_by_mask_equals_leaving_out_by_hand(seed: int, num_regions: int) -> None:
    model, tokens = network(seed), patient(seed=seed)
    region = torch.arange(12) % num_regions

    found = perturbation_map(
        model, tokens, modality="slide", region=region, score=risk_from_logits
    )

    for number in range(num_regions):
        kept = region != number
        expected = risk(model, tokens) - risk(model, without(tokens, kept))
        size = int((~kept).sum())
        assert found[region == number].tolist() == pytest.approx(
            [expected / size] * size, abs=1e-5
        )


def test_a_slide_of_one_region_is_left_out_whole() -> None:
    model, tokens = network(), patient(num_patches=1)
    others = {name: one for name, one in tokens.items() if name != "slide"}

    found = perturbation_map(
        model,
        tokens,
        modality="slide",
        region=torch.zeros(1).long(),
        score=risk_from_logits,
    )

    assert found.tolist() == pytest.approx([risk(model, tokens) - risk(model, others)])
    assert abs(float(found[0])) > 1e-4


@settings(max_examples=20)
@given(seed=st.integers(0, 2**16), has_slide=st.booleans())
def test_attributions_of_all_tables_add_up_to_one_difference(
    seed: int, has_slide: bool
) -> None:
    model, tokens = network(seed), patient(seed=seed)
    if not has_slide:
        del tokens["slide"]
    flat = {
        name: Tokens(torch.zeros_like(one.values), is_token=one.is_token)
        for name, one in tokens.items()
        if name != "slide"
    }

    found = attribute_inputs(model, tokens, score=risk_from_logits)

    total = sum(float(part.sum()) for part in found.by_input.values())
    expected = risk(model, tokens) - risk(model, {**tokens, **flat})
    assert total == pytest.approx(expected, abs=1e-3)
    assert found.delta == pytest.approx(total - expected, abs=1e-5)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**16), has_tables=st.booleans())
def test_attributions_of_tables_and_slide_add_up_to_the_step_from_the_average_patient(
    seed: int, has_tables: bool
) -> None:
    model, tokens = network(seed), patient(seed=seed)
    if not has_tables:
        tokens = {"slide": tokens["slide"]}
    mean = torch.linspace(-1, 1, tokens["slide"].values.shape[-1])
    average = {
        name: replace(one, values=torch.zeros_like(one.values))
        if name != "slide"
        else replace(one, values=mean.expand(one.values.shape))
        for name, one in tokens.items()
    }

    found = attribute_inputs(model, tokens, score=risk_from_logits, bag_means={"slide": mean})

    assert found.by_input["slide"].shape == (1, 1, 1)
    total = sum(float(part.sum()) for part in found.by_input.values())
    expected = risk(model, tokens) - risk(model, average)
    assert total == pytest.approx(expected, abs=2e-3)
    assert found.delta == pytest.approx(total - expected, abs=1e-5)


def test_a_value_that_was_not_measured_gets_nothing() -> None:
    tokens = patient()
    tokens["rna"].values[0, 2] = torch.nan

    found = attribute_inputs(network(), tokens, score=risk_from_logits)

    assert found.by_input["rna"][0, 2, 0] == 0
    assert found.by_input["rna"].count_nonzero() == 4


@given(count=st.integers(1, 400), most=st.integers(1, 60), seed=st.integers(0, 99))
def test_regions_are_numbered_without_gaps_and_never_too_many(
    count: int, most: int, seed: int
) -> None:
    draw = torch.Generator().manual_seed(seed)
    cells = torch.randperm(900, generator=draw)[:count]
    coords = torch.stack([cells % 30, cells // 30], dim=1).numpy() * 256

    region = group_patches(coords, patch_size=256, most=most)

    assert set(region.tolist()) == set(range(int(region.max()) + 1))
    assert region.max() < most


def test_a_region_is_a_square_of_neighbours() -> None:
    columns, rows = torch.meshgrid(torch.arange(8), torch.arange(8), indexing="ij")
    coords = torch.stack([columns.flatten(), rows.flatten()], dim=1).numpy() * 100

    region = group_patches(coords, patch_size=100, most=16)

    first = coords[region == region[0]] // 100
    assert sorted(map(tuple, first.tolist())) == [(0, 0), (0, 1), (1, 0), (1, 1)]
