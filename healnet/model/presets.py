"""Two ready configurations: ours, and the published one.

``default`` is made for a few hundred patients. ``published`` is the official network to the
last detail, defects included, so that published numbers can be compared with.
"""

from collections.abc import Iterable
from dataclasses import replace

from healnet.model.config import HealNetConfig, ModalityConfig, PositionConfig

# Official code, config/best_hyperparams.yml, "shared" and BLCA; other sizes are arguments.
PUBLISHED_BANDS = 2
PUBLISHED_MAX_FREQUENCY = 2.0


def bag(name: str, channels: int, *, axes: int = 2) -> ModalityConfig:
    """Return a bag of tokens with coordinates in a real unit (um for slides)."""
    positions = PositionConfig(kind="physical") if axes else None
    return ModalityConfig(name=name, channels=channels, axes=axes, positions=positions)


def table(name: str, num_features: int) -> ModalityConfig:
    """Return a table: one token per feature, each with an identity of its own."""
    return ModalityConfig(name=name, num_features=num_features)


def default(
    modalities: Iterable[ModalityConfig], num_bins: int = 4, **overrides: object
) -> HealNetConfig:
    """Return our configuration.

    All layers share their weights (a slide's keys and values are then made once), the
    feed-forward is truly self-normalising, the softmax is plain. A bag with axes but without a
    position code gets the physical one.

    Args:
        modalities: In reading order.
        num_bins: Time bins.
        **overrides: Any other field of :class:`HealNetConfig`.

    Raises:
        ConfigError: If a field is unknown or cannot work.
    """
    return _configure(
        {
            "modalities": tuple(_with_positions(one) for one in modalities),
            "num_bins": num_bins,
            "depth": 2,
            "num_latents": 16,
            "latent_dim": 64,
            "latent_scale": 1.0,
            "cross_heads": 4,
            "cross_head_dim": 16,
            "weight_tying": "all",
            "feedforward": "snn",
            "feedforward_mult": 2,
            "table_dim": 32,
            "feedforward_dropout": 0.4,
        },
        overrides,
    )


def published_modality(
    name: str,
    channels: int,
    *,
    axes: int = 1,
    num_bands: int = PUBLISHED_BANDS,
    max_frequency: float = PUBLISHED_MAX_FREQUENCY,
) -> ModalityConfig:
    """Return a modality in the published layout: index grid, code inside the LayerNorm.

    Feed it with :meth:`Tokens.from_grid`.
    """
    positions = PositionConfig(kind="grid", num_bands=num_bands, max_frequency=max_frequency)
    return ModalityConfig(name=name, channels=channels, axes=axes, positions=positions)


def published(
    modalities: Iterable[ModalityConfig], num_bins: int = 4, **overrides: object
) -> HealNetConfig:
    """Return the official network. Sizes not overridden are those of its BLCA run.

    Args:
        modalities: From :func:`published_modality`.
        num_bins: Time bins.
        **overrides: Any other field of :class:`HealNetConfig`.

    Raises:
        ConfigError: If a field is unknown or cannot work.
    """
    return _configure(
        {
            "modalities": tuple(modalities),
            "num_bins": num_bins,
            "depth": 2,
            "num_latents": 25,
            "latent_dim": 119,
            "cross_heads": 1,
            "cross_head_dim": 16,
            "latent_heads": 8,
            "latent_head_dim": 64,
            "self_per_cross": 0,
            "weight_tying": "none",
            "feedforward": "gated_selu",
            "feedforward_mult": 4,
            "temperature": 0.5,  # models/healnet.py: temperature_softmax
            "out_slope": 0.01,
            "attention_dropout": 0.083,
            "feedforward_dropout": 0.473,
        },
        overrides,
    )


def _with_positions(modality: ModalityConfig) -> ModalityConfig:
    if modality.axes == 0 or modality.positions is not None:
        return modality
    return replace(modality, positions=PositionConfig(kind="physical"))


def _configure(preset: dict[str, object], overrides: dict[str, object]) -> HealNetConfig:
    return HealNetConfig.from_dict({**preset, **overrides})
