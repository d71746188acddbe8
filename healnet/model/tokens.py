"""Tokens: one modality of a batch of patients, as the network takes it.

Axis names: b patient, n token, c channel, a coordinate axis.
"""

from dataclasses import dataclass, replace

import torch
from einops import rearrange
from jaxtyping import Bool, Float
from torch import Tensor

from healnet.exceptions import ShapeError

_WIDE = (torch.float32, torch.float64)


@dataclass(frozen=True, eq=False)
class Tokens:
    """One modality of a batch. Nothing here is ever written to by the network.

    Attributes:
        values: (b, n, c). Channels of each token; float16 and bfloat16 are read chunk by chunk
            and computed in the precision of the model.
        coords: (b, n, a). Where each token lies: micrometres on a slide, [-1, 1] for ``grid``
            positions.
        is_token: (b, n). False for padding and for single values that are missing; what stands
            there is never read and may be anything, NaN included. None: every token is real.
        present: (b). False for patients who lack this modality; their rows are never read.
            None: every patient has it.
    """

    values: Float[Tensor, "b n c"]
    # b and n are compared below, with words; the types alone would do it without.
    coords: Float[Tensor, "_ _ a"] | None = None
    is_token: Bool[Tensor, "_ _"] | None = None
    present: Bool[Tensor, " _"] | None = None

    def __post_init__(self) -> None:
        if self.values.dim() != 3:  # noqa: PLR2004  (patients, tokens, channels)
            raise ShapeError(
                "values need the axes (patients, tokens, channels); "
                f"got {self.values.dim()} axes",
                fix="A grid of any shape becomes tokens with Tokens.from_grid.",
            )
        size = tuple(self.values.shape[:2])
        for name, given in (
            ("coords", None if self.coords is None else tuple(self.coords.shape[:2])),
            ("is_token", None if self.is_token is None else tuple(self.is_token.shape)),
            ("present", None if self.present is None else (*self.present.shape, size[1])),
        ):
            if given is not None and given != size:
                raise ShapeError(
                    f"{name} does not belong to values: {name} is for (patients, tokens) = "
                    f"{given}, values for {size}"
                )

    @classmethod
    def from_grid(cls, grid: Float[Tensor, "b *spatial c"]) -> "Tokens":
        """Return the tokens of an array whose coordinates are its own indices.

        Each spatial axis becomes a coordinate from -1 (first index) to 1 (last index), which is
        how the published network sees its inputs.
        """
        dtype = grid.dtype if grid.dtype in _WIDE else torch.float32
        axes = [
            torch.linspace(-1, 1, size, dtype=dtype, device=grid.device)
            for size in grid.shape[1:-1]
        ]
        coords = torch.stack(torch.meshgrid(*axes, indexing="ij"), dim=-1).flatten(0, -2)
        return cls(
            rearrange(grid, "b ... c -> b (...) c"),
            coords=coords.expand(len(grid), *coords.shape),
        )

    @property
    def batch_size(self) -> int:
        """Patients in the tensors."""
        return self.values.shape[0]

    @property
    def num_tokens(self) -> int:
        """Tokens per patient, padding included."""
        return self.values.shape[1]

    def to(self, device: torch.device | str) -> "Tokens":
        """Return the same tokens on another device."""
        moved = {
            name: tensor.to(device)
            for name in ("values", "coords", "is_token", "present")
            if (tensor := getattr(self, name)) is not None
        }
        return replace(self, **moved)
