"""Does a slide look like the training slides? A distance in the space of mean features.

The mean feature vectors of the training slides are described by a few principal directions
and one variance for all the rest (probabilistic PCA). The distance of a new slide is compared
with distances of training slides that were left out of the fit, so that about 1 in 20 slides
from the same source lies beyond the 95th percentile.

Source: Tipping and Bishop, "Probabilistic principal component analysis", JRSS B 61(3), 1999.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32
from numpy import ndarray
from torch import Tensor

from healnet.exceptions import BundleError

MIN_SLIDES = 20
_MAX_DIRECTIONS = 8
_PARTS = 5
_MAX_KEPT = 256
_KEYS = ("mean", "directions", "spread", "rest", "distances")


@dataclass(frozen=True, kw_only=True, eq=False)
class SlideDomain:
    """Where the mean features of the training slides lie.

    Attributes:
        mean: Mean over the slides.
        directions: Principal directions, rows of unit length.
        spread: Standard deviation along each direction.
        rest: Standard deviation along any other direction, one value.
        distances: Distances of held-out training slides, ascending; empty if there were fewer
            than 20 slides.
    """

    mean: Float32[ndarray, " d"]
    directions: Float32[ndarray, "k d"]
    spread: Float32[ndarray, " k"]
    rest: Float32[ndarray, " 1"]
    distances: Float32[ndarray, " q"]

    @classmethod
    def fit(cls, means: Float32[ndarray, "n d"]) -> "SlideDomain":
        """Return the domain of these slides, one mean feature vector each."""
        if len(means) < MIN_SLIDES:
            return _fit(means, distances=np.zeros(0, np.float32))
        order = np.arange(len(means)) % _PARTS
        held_out = [
            _fit(means[order != part], distances=np.zeros(0, np.float32)).distance(mean)
            for part in range(_PARTS)
            for mean in means[order == part]
        ]
        values = np.sort(np.asarray(held_out, np.float32))
        if len(values) > _MAX_KEPT:
            values = np.quantile(values, np.linspace(0, 1, _MAX_KEPT)).astype(np.float32)
        return _fit(means, distances=values)

    def distance(self, mean: Float32[ndarray, " d"]) -> float:
        """Return the distance of a slide; about 1 for a slide like the others."""
        offset = mean.astype(np.float64) - self.mean
        along = self.directions.astype(np.float64) @ offset
        left = max(float(offset @ offset - along @ along), 0.0)
        squares = np.sum((along / self.spread) ** 2) + left / float(self.rest[0]) ** 2
        return float(np.sqrt(squares / len(self.mean)))

    def share_nearer(self, mean: Float32[ndarray, " d"]) -> float | None:
        """Return the share of training slides that lie nearer; None if too few were seen."""
        if len(self.distances) == 0:
            return None
        return float(np.searchsorted(self.distances, self.distance(mean)) / len(self.distances))

    def to_tensors(self) -> dict[str, Tensor]:
        """Return the arrays by name, for the weight file."""
        return {name: torch.from_numpy(getattr(self, name)) for name in _KEYS}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> "SlideDomain":
        """Return the domain that :meth:`to_tensors` wrote.

        Raises:
            BundleError: ``MODEL-DOMAIN`` if a part is missing, unknown or of another shape.
        """
        if set(tensors) != set(_KEYS):
            raise _refusal(f"has {', '.join(sorted(tensors))}; expected {', '.join(_KEYS)}")
        dim, kept = tensors["mean"].numel(), tensors["spread"].numel()
        shapes = {
            "mean": (dim,), "directions": (kept, dim), "spread": (kept,), "rest": (1,),
            "distances": (tensors["distances"].numel(),),
        }  # fmt: skip
        for name, shape in shapes.items():
            if tuple(tensors[name].shape) != shape or tensors[name].dtype != torch.float32:
                raise _refusal(f"has a {name} of another shape or precision")
        if bool((tensors["spread"] <= 0).any() or (tensors["rest"] <= 0).any()):
            raise _refusal("has a spread of 0")
        if dim == 0 or bool((tensors["distances"].diff() < 0).any()):
            raise _refusal("is empty, or has distances that are not in order")
        return cls(**{name: tensors[name].numpy() for name in _KEYS})


def _refusal(what: str) -> BundleError:
    return BundleError(
        f"the domain of the slides {what}",
        code="MODEL-DOMAIN",
        where="model.safetensors",
        why="no slide could be compared with the training slides",
        fix="copy the model folder again, or train it again",
    )


def _fit(means: Float32[ndarray, "n d"], *, distances: Float32[ndarray, " q"]) -> SlideDomain:
    wide = means.astype(np.float64)
    centre = wide.mean(axis=0)
    offsets = wide - centre
    freedom = max(len(wide) - 1, 1)
    _, values, directions = np.linalg.svd(offsets, full_matrices=False)
    variances = values**2 / freedom
    kept = min(_MAX_DIRECTIONS, max(len(wide) // 10, 0), len(values))
    rest = variances[kept:].sum() / max(wide.shape[1] - kept, 1)
    floor = max(rest, 1e-12)
    return SlideDomain(
        mean=centre.astype(np.float32),
        directions=directions[:kept].astype(np.float32),
        spread=np.sqrt(np.maximum(variances[:kept], floor)).astype(np.float32),
        rest=np.array([np.sqrt(floor)], np.float32),
        distances=distances,
    )
