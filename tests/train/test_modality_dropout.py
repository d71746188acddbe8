"""Modality dropout hides at the stated rate and never takes everything."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from healnet.model.tokens import Tokens
from healnet.train.modality_dropout import hide_features, hide_modalities


def batch(present: torch.Tensor) -> dict[str, Tokens]:
    size = present.shape[1]
    return {
        f"m{row}": Tokens(torch.ones(size, 2, 1), present=has)
        for row, has in enumerate(present)
    }


@given(seed=st.integers(0, 2**16), chance=st.floats(0, 0.99), modalities=st.integers(1, 5))
def test_nobody_loses_everything_and_nobody_gains(
    seed: int, chance: float, modalities: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    has = torch.rand(modalities, 9, generator=generator) < 0.6
    has[0] |= ~has.any(dim=0)

    hidden = hide_modalities(batch(has), chance=chance, generator=generator)

    keeps = torch.stack([hidden[f"m{row}"].present for row in range(modalities)])
    assert keeps.any(dim=0).all()
    assert not (keeps & ~has).any()


def test_the_share_hidden_is_the_chance() -> None:
    has = torch.ones(3, 20_000, dtype=torch.bool)

    hidden = hide_modalities(
        batch(has), chance=0.25, generator=torch.Generator().manual_seed(1)
    )

    kept = torch.stack([hidden[f"m{row}"].present for row in range(3)]).float().mean()
    assert float(kept) == pytest.approx(0.75 + 0.25**3 / 3, abs=0.01)


def test_without_a_chance_nothing_is_hidden_and_nothing_is_changed() -> None:
    tokens = batch(torch.tensor([[True, False], [True, True]]))

    hidden = hide_modalities(tokens, chance=0.0, generator=torch.Generator())

    assert hidden["m0"].present.tolist() == [True, False]
    assert tokens["m0"].present.tolist() == [True, False]
    assert hidden["m1"].values is tokens["m1"].values


@given(seed=st.integers(0, 2**16), chance=st.floats(0.01, 0.94))
def test_hidden_values_are_real_ones_and_never_all_of_a_patient(
    seed: int, chance: float
) -> None:
    generator = torch.Generator().manual_seed(seed)
    measured = torch.rand(6, 9, generator=generator) < 0.5
    measured[:, 4] |= ~measured.any(dim=1)
    tokens = {"rna": Tokens(torch.ones(6, 9, 1), is_token=measured)}

    hidden = hide_features(tokens, chance=chance, generator=generator)["rna"].is_token

    assert hidden.any(dim=1).all()
    assert not (hidden & ~measured).any()


def test_a_bag_of_patches_is_never_thinned_here() -> None:
    tokens = {"slide": Tokens(torch.ones(2, 50, 3), coords=torch.ones(2, 50, 2))}

    hidden = hide_features(tokens, chance=0.9, generator=torch.Generator().manual_seed(0))

    assert hidden["slide"] is tokens["slide"]


def test_the_share_of_hidden_values_is_the_chance() -> None:
    tokens = {"rna": Tokens(torch.ones(200, 100, 1))}

    hidden = hide_features(tokens, chance=0.3, generator=torch.Generator().manual_seed(0))

    assert float(hidden["rna"].is_token.float().mean()) == pytest.approx(0.7, abs=0.01)
