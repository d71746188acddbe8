"""What a network is made of: modalities, positions, sizes and switches.

Frozen, checked when made, and written to JSON and back without loss.
"""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

from torch import nn

from healnet.exceptions import ConfigError
from healnet.model.config_values import (
    check_choice,
    check_counts,
    check_numbers,
    check_types,
)

PositionKind = Literal["grid", "physical"]
WeightTying = Literal["none", "all", "published"]
FeedForwardKind = Literal["gated_selu", "gated_gelu", "snn"]

POSITION_KINDS: tuple[PositionKind, ...] = ("grid", "physical")
WEIGHT_TYINGS: tuple[WeightTying, ...] = ("none", "all", "published")
FEEDFORWARD_KINDS: tuple[FeedForwardKind, ...] = ("gated_selu", "gated_gelu", "snn")
Config = TypeVar("Config")
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_ -]*")


@dataclass(frozen=True, kw_only=True)
class PositionConfig:
    """How the coordinates of a token become Fourier features.

    Attributes:
        kind: ``grid``: coordinates in [-1, 1], frequencies spaced evenly from 1 to
            ``max_frequency / 2``, concatenated to the channels before their LayerNorm (the
            published layout). ``physical``: coordinates in a real unit, wavelengths spaced
            geometrically, added behind the LayerNorm by a projection of their own.
        num_bands: Frequencies per axis.
        max_frequency: ``grid`` only.
        min_wavelength: ``physical`` only, in the unit of the coordinates. For slides (um):
            twice the patch stride is the shortest wave that the grid can carry.
        max_wavelength: ``physical`` only, same unit; about the size of the largest specimen.
    """

    kind: PositionKind = "physical"
    num_bands: int = 8
    max_frequency: float = 10.0
    min_wavelength: float = 256.0
    max_wavelength: float = 65536.0

    def __post_init__(self) -> None:
        check_choice("positions.kind", self.kind, POSITION_KINDS)
        check_counts(self, ("num_bands",))
        check_numbers(self, ("max_frequency", "min_wavelength", "max_wavelength"))
        if not 0 < self.min_wavelength <= self.max_wavelength:
            raise ConfigError(
                f"wavelengths must be positive and ordered; got {self.min_wavelength} to "
                f"{self.max_wavelength}"
            )
        if self.max_frequency <= 0:
            raise ConfigError(f"max_frequency must be positive; got {self.max_frequency}")


@dataclass(frozen=True, kw_only=True)
class ModalityConfig:
    """One modality: what its tokens look like.

    Attributes:
        name: Free name without dots, unique in the model.
        channels: Channels of a token; 1 for a table.
        axes: Coordinate axes of a token: 0 set or table, 1 series, 2 slide, 3 volume.
        num_features: For a table: its number of features. Token j is then feature j, with a
            learned identity of its own. None: a bag of exchangeable tokens of any length.
        positions: Fourier code of the coordinates; None: coordinates are not used.
    """

    name: str
    channels: int = 1
    axes: int = 0
    num_features: int | None = None
    positions: PositionConfig | None = None

    def __post_init__(self) -> None:
        if (
            not isinstance(self.name, str)
            or not NAME.fullmatch(self.name)
            or hasattr(nn.ModuleDict(), self.name)
        ):
            raise ConfigError(
                f"{self.name!r} cannot name a modality",
                fix="Use letters, digits, spaces, '_' and '-', and no name of a Python method.",
            )
        check_counts(self, ("channels",))
        if self.axes < 0:
            raise ConfigError(f"axes of {self.name!r} must not be negative; got {self.axes}")
        if self.positions is not None and self.axes == 0:
            raise ConfigError(f"{self.name!r} has a position code but no axes")
        if self.num_features is not None and (
            self.num_features < 1 or self.channels != 1 or self.axes != 0
        ):
            raise ConfigError(
                f"a table needs num_features >= 1, channels = 1 and axes = 0; {self.name!r} "
                f"has {self.num_features}, {self.channels} and {self.axes}"
            )

    @property
    def is_table(self) -> bool:
        """True if token j is feature j, False for a bag of exchangeable tokens."""
        return self.num_features is not None


@dataclass(frozen=True, kw_only=True)
class HealNetConfig:
    """The whole network. Take a preset from ``model/presets.py`` and vary it with ``replace``.

    Attributes:
        modalities: Read in this order in every layer.
        num_bins: Discrete hazards that the head returns.
        depth: Fusion layers.
        num_latents: Rows of the latent array.
        latent_dim: Columns of the latent array.
        latent_scale: Standard deviation of the initial latents.
        cross_heads: Heads of the cross-attention.
        cross_head_dim: Channels per head.
        latent_heads: Heads of the latent self-attention.
        latent_head_dim: Channels per head.
        self_per_cross: Latent self-attention blocks after each modality's read.
        weight_tying: ``none``: each layer has weights of its own. ``all``: all layers are one
            and the same. ``published``: layer 1 has its own; layers 2 to depth are one and the
            same, with one feed-forward for all modalities (what the official code does).
        feedforward: ``gated_selu`` and ``gated_gelu``: ``a * act(b)``. ``snn``: truly
            self-normalising (SELU, LeCun-normal weights, alpha dropout).
        feedforward_mult: Width of the hidden layer, in ``latent_dim``.
        table_dim: Channels of a feature token of a table.
        temperature: Divides the attention logits; below 1 sharpens.
        out_slope: Negative slope of a LeakyReLU behind each attention; None: none.
        attention_dropout: Share of attention weights dropped in training. It costs a pass that
            the fused path does not have; hiding tokens in ``is_token`` is the cheap relative.
        feedforward_dropout: Share of feed-forward outputs dropped in training.
    """

    modalities: tuple[ModalityConfig, ...]
    num_bins: int = 4
    depth: int = 2
    num_latents: int = 16
    latent_dim: int = 64
    latent_scale: float = 1.0
    cross_heads: int = 4
    cross_head_dim: int = 16
    latent_heads: int = 4
    latent_head_dim: int = 16
    self_per_cross: int = 0
    weight_tying: WeightTying = "none"
    feedforward: FeedForwardKind = "gated_selu"
    feedforward_mult: int = 4
    table_dim: int = 32
    temperature: float = 1.0
    out_slope: float | None = None
    attention_dropout: float = 0.0
    feedforward_dropout: float = 0.0

    def __post_init__(self) -> None:
        names = [modality.name for modality in self.modalities]
        if not names or len(set(names)) != len(names):
            raise ConfigError(f"a model needs modalities with different names; got {names}")
        check_counts(self, _COUNTS)
        check_numbers(self, _NUMBERS)
        check_choice("weight_tying", self.weight_tying, WEIGHT_TYINGS)
        check_choice("feedforward", self.feedforward, FEEDFORWARD_KINDS)
        if self.self_per_cross < 0:
            raise ConfigError(f"self_per_cross must not be negative; got {self.self_per_cross}")
        if self.out_slope is not None:
            check_numbers(self, ("out_slope",))
        if self.temperature <= 0 or self.latent_scale <= 0:
            raise ConfigError(
                f"temperature and latent_scale must be positive; got {self.temperature} and "
                f"{self.latent_scale}"
            )
        for name in ("attention_dropout", "feedforward_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"{name} must lie in [0, 1); got {getattr(self, name)}")

    @property
    def names(self) -> tuple[str, ...]:
        """Modality names, in reading order."""
        return tuple(modality.name for modality in self.modalities)

    @property
    def layer_modules(self) -> tuple[int, ...]:
        """For each of the ``depth`` layers, which stored layer does its work."""
        if self.weight_tying == "none":
            return tuple(range(self.depth))
        first = 0 if self.weight_tying == "all" else 1
        return (0,) + (first,) * (self.depth - 1)

    def modality(self, name: str) -> ModalityConfig:
        """Return the modality of that name.

        Raises:
            ConfigError: If there is none; the message lists the known names.
        """
        for modality in self.modalities:
            if modality.name == name:
                return modality
        raise ConfigError(f"no modality {name!r}; this model knows {', '.join(self.names)}")

    def to_dict(self) -> dict[str, object]:
        """Return plain values for JSON."""
        plain = dataclasses.asdict(self)
        plain["modalities"] = list(plain["modalities"])
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, object]) -> "HealNetConfig":
        """Build from :meth:`to_dict`.

        Raises:
            ConfigError: If a key is unknown or missing, or a value cannot work.
        """
        values = dict(plain)
        modalities = values.get("modalities")
        if not isinstance(modalities, list | tuple):
            raise ConfigError("a model configuration needs a list 'modalities'")
        values["modalities"] = tuple(_modality_from(entry) for entry in modalities)
        return _build(cls, values, "model")


_COUNTS = (
    "num_bins",
    "depth",
    "num_latents",
    "latent_dim",
    "cross_heads",
    "cross_head_dim",
    "latent_heads",
    "latent_head_dim",
    "feedforward_mult",
    "table_dim",
)
_NUMBERS = ("latent_scale", "temperature", "attention_dropout", "feedforward_dropout")


def _modality_from(entry: object) -> ModalityConfig:
    if isinstance(entry, ModalityConfig):
        return entry
    if not isinstance(entry, Mapping):
        raise ConfigError(f"a modality must be a mapping; got {type(entry).__name__}")
    values = dict(entry)
    if isinstance(values.get("positions"), Mapping):
        values["positions"] = _build(PositionConfig, values["positions"], "positions")
    return _build(ModalityConfig, values, "modality")


def _build(kind: type[Config], values: Mapping[str, object], what: str) -> Config:
    known = {field.name: field.type for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(map(str, set(values) - set(known)))
    if unknown:
        raise ConfigError(
            f"unknown {what} setting {', '.join(unknown)}",
            fix=f"Known settings: {', '.join(sorted(known))}.",
        )
    check_types({name: (values[name], known[name]) for name in values})
    numbers = {
        name: float(value)  # JSON and YAML write 1 for 1.0
        for name, value in values.items()
        if type(value) is int and known[name] in (float, float | None)
    }
    try:
        return kind(**{**values, **numbers})
    except TypeError as error:
        raise ConfigError(f"the {what} configuration cannot be read", why=str(error)) from error
