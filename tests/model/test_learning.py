"""The network learns what was planted, and its maps say where it was."""

import pytest
import torch
from torch import Tensor, nn

from healnet.model.gradients import gradient_times_input
from healnet.model.healnet import HealNet
from healnet.model.presets import bag, default, table
from healnet.model.tokens import Tokens
from tests.model.plain_gradient import input_gradient

PATCHES, CHANNELS, GENES = 40, 12, 30
DRIVERS = (3, 17)


def _patients(num_patients: int, seed: int) -> tuple[dict[str, Tokens], Tensor, Tensor]:
    """Return tokens, the planted patches, and a target: share of hot patches plus two genes."""
    generator = torch.Generator().manual_seed(seed)
    share = torch.rand(num_patients, 1, generator=generator) * 0.6
    is_hot = torch.rand(num_patients, PATCHES, generator=generator) < share
    values = torch.randn(num_patients, PATCHES, CHANNELS, generator=generator)
    values[..., :3] += 2 * is_hot[..., None]
    genes = torch.randn(num_patients, GENES, 1, generator=generator)
    target = 6 * is_hot.float().mean(dim=1) + genes[:, DRIVERS, 0] @ torch.tensor([1.0, -1.0])
    coords = torch.rand(num_patients, PATCHES, 2, generator=generator) * 20000
    return {"slide": Tokens(values, coords=coords), "rna": Tokens(genes)}, is_hot, target


def _trained() -> HealNet:
    torch.manual_seed(0)
    modalities = [bag("slide", CHANNELS), table("rna", GENES)]
    config = default(modalities, num_bins=1, latent_dim=24, num_latents=8, cross_head_dim=8)
    model = HealNet(config, seed=1)
    tokens, _, target = _patients(256, seed=5)
    target = (target - target.mean()) / target.std()
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(60):
        optimiser.zero_grad()
        nn.functional.mse_loss(model(tokens).logits[:, 0], target).backward()
        optimiser.step()
    return model.eval()


def _score(logits: Tensor) -> Tensor:
    return logits[:, 0]


def _area_under_curve(score: Tensor, truth: Tensor) -> float:
    ranks = score.argsort().argsort().double() + 1
    positives = int(truth.sum())
    total = float(ranks[truth].sum()) - positives * (positives + 1) / 2
    return total / (positives * int((~truth).sum()))


@pytest.mark.slow
def test_planted_patches_and_genes_are_found_and_deleting_them_lowers_the_score() -> None:
    model = _trained()
    tokens, is_hot, target = _patients(64, seed=6)

    slide_map = gradient_times_input(model, tokens, "slide", _score)
    gene_map = input_gradient(model, tokens, "rna", _score).mean(dim=0)[:, 0]

    with torch.no_grad():
        whole = model(tokens).logits[:, 0]
        assert torch.corrcoef(torch.stack([whole, target]))[0, 1] > 0.9
        assert _area_under_curve(slide_map.flatten(), is_hot.flatten()) > 0.9
        assert set(gene_map.abs().topk(2).indices.tolist()) == set(DRIVERS)
        kept = Tokens(tokens["slide"].values, coords=tokens["slide"].coords, is_token=~is_hot)
        without = model({**tokens, "slide": kept}).logits[:, 0]
        assert (without < whole)[is_hot.any(dim=1)].float().mean() > 0.9
