"""From amounts of stain to colours: Beer-Lambert with published stain vectors.

Light through a section falls off as ``I = I0 * exp(-sum_s c_s * v_s)``: ``c_s`` is the amount
of stain ``s`` and ``v_s`` its optical density in red, green and blue.

Sources: Ruifrok and Johnston, Anal Quant Cytol Histol 23(4), 2001; Macenko et al., "A method
for normalizing histology slides for quantitative analysis", ISBI 2009.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from healnet.study.noise import Plane

Vector = tuple[float, float, float]

# Optical density in red, green, blue; unit length.
MACENKO_HAEMATOXYLIN: Vector = (0.5626, 0.7201, 0.4062)
MACENKO_EOSIN: Vector = (0.2159, 0.8012, 0.5581)
RUIFROK_HAEMATOXYLIN: Vector = (0.650, 0.704, 0.286)
RUIFROK_EOSIN: Vector = (0.072, 0.990, 0.105)
DARKEST_WHITE, BRIGHTEST = 128, 255
HAEMOGLOBIN: Vector = (0.14, 0.77, 0.62)  # red cells: orange-red under eosin


@dataclass(frozen=True, kw_only=True)
class StainProfile:
    """How one slide was stained and scanned.

    Attributes:
        haematoxylin: Optical density of one unit in red, green, blue.
        eosin: The same for eosin.
        strength_h: Factor on every amount of haematoxylin.
        strength_e: Factor on every amount of eosin.
        white: Colour of empty glass, 0 to 255.
    """

    haematoxylin: Vector
    eosin: Vector
    strength_h: float
    strength_e: float
    white: Vector

    def __post_init__(self) -> None:
        if min(self.strength_h, self.strength_e) <= 0:
            raise ValueError("stain strengths must be above 0")
        if not all(DARKEST_WHITE <= channel <= BRIGHTEST for channel in self.white):
            raise ValueError(
                f"the white point must lie in {DARKEST_WHITE}..{BRIGHTEST}; got {self.white}"
            )


@dataclass(frozen=True, kw_only=True)
class Densities:
    """Amounts of stain on a block of a slide, one plane each, all of one shape."""

    haematoxylin: Plane
    eosin: Plane
    red_cells: Plane


def draw_stain(rng: np.random.Generator, *, site: int) -> StainProfile:
    """Return the profile of one slide: the site's habit, and this slide's deviation from it."""
    habit = np.random.default_rng([1871, site])  # every site has its own recipe and scanner
    blend = habit.uniform((0.05, 0.08), (0.30, 0.30))
    strength = habit.normal((0.94, 1.12), 0.06)
    white = habit.uniform((240, 238, 239), (247, 245, 247))
    vectors = _blend(blend) + rng.normal(0, 0.014, size=(2, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    strength_h, strength_e = strength * np.exp(rng.normal(0, 0.09, size=2))
    return StainProfile(
        haematoxylin=_vector(vectors[0]),
        eosin=_vector(vectors[1]),
        strength_h=float(strength_h),
        strength_e=float(strength_e),
        white=_vector(np.clip(white + rng.normal(0, 0.7, size=3), 228, 250)),
    )


def to_rgb(densities: Densities, profile: StainProfile) -> UInt8[np.ndarray, "h w 3"]:
    """Return the colours that a scanner sees through these amounts of stain."""
    amounts = (densities.haematoxylin, densities.eosin, densities.red_cells)
    factors = (profile.strength_h, profile.strength_e, 1.0)
    vectors = (profile.haematoxylin, profile.eosin, HAEMOGLOBIN)
    rgb = np.empty((*densities.eosin.shape, 3), dtype=np.uint8)
    for channel in range(3):
        density = np.full_like(densities.eosin, np.log(profile.white[channel]))
        for amount, factor, vector in zip(amounts, factors, vectors, strict=True):
            density -= amount * np.float32(factor * vector[channel])
        np.exp(density, out=density)
        density += np.float32(0.5)
        rgb[..., channel] = np.minimum(density, 255)
    return rgb


def _blend(share: Float[np.ndarray, " 2"]) -> Float[np.ndarray, "2 3"]:
    """Return haematoxylin and eosin between Macenko's (0) and Ruifrok's vectors (1)."""
    macenko = np.array([MACENKO_HAEMATOXYLIN, MACENKO_EOSIN])
    ruifrok = np.array([RUIFROK_HAEMATOXYLIN, RUIFROK_EOSIN])
    return np.asarray(macenko + share[:, None] * (ruifrok - macenko))


def _vector(values: Float[np.ndarray, " 3"]) -> Vector:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
