"""What a patch encoder is: a card that says what it is, and a call from pixels to features.

A card travels with every feature file and with every model. Features of another encoder are
refused by comparing :attr:`EncoderCard.digest`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Protocol, cast, runtime_checkable

from jaxtyping import Float32, UInt8
from numpy import ndarray

from healnet.exceptions import EncoderError

# What changes the numbers that come out; the other fields only describe.
_DIGEST_FIELDS = ("name", "dim", "mean", "std", "dtype", "sha256")


@dataclass(frozen=True, kw_only=True)
class EncoderCard:
    """What one needs to know before trusting or comparing features.

    Attributes:
        name: Name under which the encoder is asked for.
        dim: Number of features of a patch.
        patch_px: Side of the patch the network was made for, pixels.
        mpp: Micrometres per pixel at which to use it.
        mean: Subtracted from each channel, in units of 0 to 255.
        std: Divides each channel after that, in units of 0 to 255.
        dtype: Precision of the computation, e.g. ``float32``.
        licence: SPDX name of the licence of the weights.
        source: Where the weights come from, in a few words.
        sha256: Hash of the weight file; empty where there are no weights.
    """

    name: str
    dim: int
    patch_px: int
    mpp: float
    mean: tuple[float, ...]
    std: tuple[float, ...]
    dtype: str
    licence: str
    source: str
    sha256: str = ""

    def __post_init__(self) -> None:
        """Refuse a card that could not describe any encoder."""
        if not self.name or self.dim < 1 or self.patch_px < 1 or not self.mpp > 0:
            raise EncoderError(
                "an encoder card needs a name and positive dim, patch_px and mpp",
                code="ENCODER-CARD",
                where=self.name,
            )
        if len(self.mean) != len(self.std) or any(value == 0 for value in self.std):
            raise EncoderError(
                "mean and std need one value a channel, and no std may be 0",
                code="ENCODER-CARD",
                where=self.name,
            )

    @property
    def digest(self) -> str:
        """Return a hash that is equal exactly for encoders that give the same features."""
        values = {name: getattr(self, name) for name in _DIGEST_FIELDS}
        text = json.dumps(values, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def to_dict(self) -> dict[str, object]:
        """Return the fields as JSON values."""
        return {**asdict(self), "mean": list(self.mean), "std": list(self.std)}

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> "EncoderCard":
        """Return the card that :meth:`to_dict` wrote.

        Raises:
            EncoderError: ``ENCODER-CARD`` if a field is missing, unknown or of another type.
        """
        try:
            fields = dict(values)
            for name in ("mean", "std"):
                numbers = cast("list[float]", fields[name])
                fields[name] = tuple(float(number) for number in numbers)
            fields["dim"], fields["patch_px"] = (
                _whole(fields["dim"]),
                _whole(fields["patch_px"]),
            )
            fields["mpp"] = float(cast("float", fields["mpp"]))
            return cls(**fields)  # type: ignore[arg-type]
        except (KeyError, TypeError, ValueError) as error:
            raise EncoderError(
                "the encoder card is incomplete or has unknown fields",
                code="ENCODER-CARD",
                why="it cannot be told which encoder made these features",
                fix="encode the slide again",
            ) from error


@runtime_checkable
class PatchEncoder(Protocol):
    """Turns patches of a slide into one feature vector each."""

    @property
    def card(self) -> EncoderCard:
        """What this encoder is."""
        ...

    def __call__(self, patches: UInt8[ndarray, "b h w 3"]) -> Float32[ndarray, "b d"]:
        """Return one row of features a patch; RGB, 0 to 255, rows top to bottom."""
        ...


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("not a whole number")
    return value
