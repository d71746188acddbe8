"""The tokens of one modality of one patient, as arrays.

Axis names: n token, c channel, a coordinate axis.
"""

from dataclasses import dataclass

from jaxtyping import Bool, Float, Float32, Int64
from numpy import ndarray

from healnet.exceptions import ShapeError


@dataclass(frozen=True, kw_only=True, eq=False)
class TokenArrays:
    """One modality of one patient who has it.

    Attributes:
        values: Channels of each token, float16 or float32.
        coords: Micrometres on the slide; None for tables.
        is_token: False where a single value is missing; None if all are there.
        slide_index: Which of the patient's slides a patch comes from; None for tables.
    """

    values: Float[ndarray, "n c"]
    coords: Float32[ndarray, "m a"] | None = None  # m == n: checked below
    is_token: Bool[ndarray, " i"] | None = None
    slide_index: Int64[ndarray, " j"] | None = None

    def __post_init__(self) -> None:
        """Refuse arrays of different lengths, and no tokens at all."""
        parts = (self.coords, self.is_token, self.slide_index)
        lengths = {len(part) for part in parts if part is not None} | {len(self.values)}
        if len(lengths) != 1 or lengths == {0}:
            raise ShapeError(f"tokens need arrays of one length above 0; got {sorted(lengths)}")

    def __len__(self) -> int:
        """Return the number of tokens."""
        return len(self.values)
