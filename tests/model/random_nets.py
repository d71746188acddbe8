"""Small random networks and batches, with everything that can vary varied."""

from dataclasses import dataclass, replace
from functools import cache

import torch
from torch import Tensor

from healnet.model.config import HealNetConfig, ModalityConfig, PositionConfig
from healnet.model.healnet import HealNet
from healnet.model.tokens import Tokens

GRID = PositionConfig(kind="grid", num_bands=2, max_frequency=4.0)
PHYSICAL = PositionConfig(
    kind="physical", num_bands=3, min_wavelength=256.0, max_wavelength=8192.0
)
MODALITIES = (
    ModalityConfig(name="slide", channels=6, axes=2, positions=PHYSICAL),
    ModalityConfig(name="rna", num_features=7),
    ModalityConfig(name="series", channels=3, axes=1, positions=GRID),
    ModalityConfig(name="volume", channels=2, axes=3, positions=GRID),
    ModalityConfig(name="set", channels=4),
    ModalityConfig(name="clinical", num_features=2),
)
NUM_MODELS = 60
POISON = (float("nan"), float("inf"), -float("inf"), 1e30)


@dataclass(frozen=True)
class RandomCase:
    """A network and a batch that fits it."""

    model: HealNet
    tokens: dict[str, Tokens]

    @property
    def batch_size(self) -> int:
        return next(iter(self.tokens.values())).batch_size


class Draw:
    """Random numbers from one seed."""

    def __init__(self, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)

    def whole(self, low: int, high: int) -> int:
        return int(torch.randint(low, high + 1, (1,), generator=self.generator))

    def pick(self, *choices: object) -> object:
        return choices[self.whole(0, len(choices) - 1)]

    def normal(self, *shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
        return torch.randn(shape, generator=self.generator, dtype=dtype)

    def flags(self, *shape: int, share: float = 0.7) -> Tensor:
        return torch.rand(shape, generator=self.generator) < share


def random_config(draw: Draw, **fixed: object) -> HealNetConfig:
    first, count = draw.whole(0, 3), draw.pick(2, 2, 2, 3)
    settings = {
        "modalities": MODALITIES[first : first + count],
        "num_bins": draw.whole(1, 5),
        "depth": draw.whole(1, 2),
        "num_latents": draw.whole(1, 4),
        "latent_dim": draw.whole(2, 6),
        "cross_heads": draw.whole(1, 3),
        "cross_head_dim": draw.whole(1, 4),
        "latent_heads": 2,
        "latent_head_dim": 3,
        "self_per_cross": draw.pick(0, 0, 0, 1, 2),
        "weight_tying": draw.pick("none", "all", "published"),
        "feedforward": draw.pick("gated_selu", "gated_gelu", "snn"),
        "feedforward_mult": 2,
        "table_dim": 3,
        "temperature": draw.pick(0.5, 1.0),
        "out_slope": draw.pick(None, 0.01),
    }
    return HealNetConfig(**{**settings, **fixed})


def random_case(
    seed: int,
    *,
    dtype: torch.dtype = torch.float64,
    batch_size: int | None = None,
    **fixed: object,
) -> RandomCase:
    """Return a network in evaluation mode and a batch with padding and absence."""
    model = random_model(seed % NUM_MODELS, dtype, **fixed)
    config, draw = model.config, Draw(seed)
    size = batch_size or draw.whole(1, 4)
    present = draw.flags(size, len(config.modalities))
    present[torch.arange(size), draw.whole(0, len(config.modalities) - 1)] = True
    tokens = {
        modality.name: random_tokens(draw, modality, present[:, place], dtype)
        for place, modality in enumerate(config.modalities)
    }
    return RandomCase(model, tokens)


@cache
def random_model(seed: int, dtype: torch.dtype, **fixed: object) -> HealNet:
    """Return one of a few dozen networks, made once: making them is half the time."""
    draw = Draw(seed)
    model = HealNet(random_config(draw, **fixed), generator=draw.generator).to(dtype).eval()
    randomise(model, draw)
    return model


def randomise(model: HealNet, draw: Draw) -> None:
    """Give every parameter a random value: gains and offsets start as 1 and 0 otherwise."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(draw.normal(*parameter.shape, dtype=torch.float64) * 0.5 + 0.1)


def random_tokens(
    draw: Draw, modality: ModalityConfig, present: Tensor, dtype: torch.dtype
) -> Tokens:
    size, length = len(present), modality.num_features or draw.whole(1, 9)
    is_token = draw.flags(size, length)
    is_token[:, draw.whole(0, length - 1)] = True
    coords = None
    if modality.axes:
        unit = 1.0 if modality.positions == GRID else 1000.0
        coords = draw.normal(size, length, modality.axes, dtype=dtype) * unit
    return Tokens(
        values=draw.normal(size, length, modality.channels, dtype=dtype) * 2 + 1,
        coords=coords,
        is_token=draw.pick(is_token, None),
        present=None if present.all() and draw.whole(0, 1) else present,
    )


def real(tokens: Tokens) -> Tensor:
    """Return where a real token of a present patient stands."""
    shape = tokens.values.shape[:2]
    mask = torch.ones(shape, dtype=torch.bool) if tokens.is_token is None else tokens.is_token
    return mask if tokens.present is None else mask & tokens.present[:, None]


def poisoned(tokens: Tokens, draw: Draw) -> Tokens:
    """Return the same tokens with garbage wherever nothing may be read."""
    unread = ~real(tokens)[..., None]
    poison = float(draw.pick(*POISON))
    coords = tokens.coords
    return replace(
        tokens,
        values=tokens.values.masked_fill(unread, poison),
        coords=None if coords is None else coords.masked_fill(unread, poison),
    )


def one_patient(tokens: dict[str, Tokens], row: int) -> dict[str, Tokens]:
    """Return what one patient has, without padding where no identity depends on the place."""
    alone = {}
    for name, one in tokens.items():
        if one.present is None or bool(one.present[row]):
            kept = slice(None) if name in ("rna", "clinical") else real(one)[row]
            alone[name] = Tokens(
                values=one.values[row : row + 1, kept],
                coords=None if one.coords is None else one.coords[row : row + 1, kept],
                is_token=None if one.is_token is None else one.is_token[row : row + 1, kept],
            )
    return alone
