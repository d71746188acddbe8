"""Where the tissue is, also on a tinted background, beside pen marks and black borders.

Glass is flat and as bright as the slide gets, whatever its tint. Tissue is either darker than
the glass of the same slide, or has texture. So the colour of the glass is measured on each
slide, and a pixel is tissue if its optical density differs from the glass or its surroundings
vary. Pale fat is the hole that its membranes enclose. Thresholds were set on real slides (see
the tests) and are in units of 0 to 255 unless they say otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from einops import rearrange
from jaxtyping import Bool, Float32, Int32, UInt8
from numpy import ndarray
from scipy import ndimage
from skimage.filters import threshold_otsu

from healnet.slide.geometry import Box
from healnet.slide.reader import Slide

_MAX_PIXELS = 4_000_000  # a mask this large separates patches on the largest slides
_UNKNOWN_MPP_SIDE = 1_500  # longer side of the mask of a slide of unknown pixel size
_TEXTURE_UM = 40.0  # window in which texture is measured
_CLOSE_UM = 32.0  # gaps that a membrane may have
_MAX_HOLE_UM2 = 40_000.0  # a lumen or fat cell, not a missing piece
_MIN_PIECE_UM2 = 12_000.0  # anything smaller is dust or debris
_FLAT = 3.5  # texture of glass, with dust and scan stripes, stays below
_TEXTURED = 6.0
_PALE = 70  # most that channels of tinted glass differ
_BRIGHT = 165
_MIN_GLASS = 0.004  # share of the slide that must look like glass to be measured
_DENSITY = (0.10, 0.25)  # range of the threshold between glass and tissue, optical density
_BLACK = 40
_MIN_PEN_UM2 = 20_000.0  # felt pens draw wide lines
_PEN_HALO_UM = 40.0
_MIN_PIECE_PX = 40  # below that, noise of a coarse overview
_RIM = 2
_WHITE = np.array([243.0, 243.0, 243.0], dtype=np.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class TissueMask:
    """Which parts of a slide are tissue.

    Attributes:
        mask: True where tissue is; covers the whole slide.
        scale_x: Level-0 pixels per mask column.
        scale_y: Level-0 pixels per mask row.
        excluded: Why the rest is left out: ``glass``, ``pen`` or ``border``.
    """

    mask: Bool[ndarray, "h w"]
    scale_x: float
    scale_y: float
    excluded: Mapping[str, Bool[ndarray, "h w"]] = field(default_factory=dict)

    @property
    def downsample(self) -> float:
        """Level-0 pixels per mask pixel."""
        return (self.scale_x + self.scale_y) / 2

    @property
    def share(self) -> float:
        """Share of the slide that is tissue, 0 to 1."""
        return float(self.mask.mean())

    @property
    def excluded_shares(self) -> dict[str, float]:
        """Share of the slide that is left out for each reason, 0 to 1."""
        return {reason: float(part.mean()) for reason, part in self.excluded.items()}


def tissue_mask(slide: Slide, *, mpp: float = 8.0) -> TissueMask:
    """Return where the tissue of a slide is.

    Args:
        slide: The open slide.
        mpp: Micrometres per mask pixel; coarser on very large or very coarse slides.
    """
    properties = slide.properties
    width, height = properties.width, properties.height
    if properties.mpp is None:
        shrink = max(max(width, height) / _UNKNOWN_MPP_SIDE, 1.0)
    else:
        shrink = max(mpp / properties.mpp, 1.0)
    shrink = max(shrink, (width * height / _MAX_PIXELS) ** 0.5)
    size = max(round(width / shrink), 1), max(round(height / shrink), 1)
    pixels = slide.read(Box(x=0, y=0, width=width, height=height), size=size)
    mask_mpp = mpp if properties.mpp is None else shrink * properties.mpp
    mask, excluded = find_tissue(pixels, mpp=mask_mpp)
    return TissueMask(
        mask=mask, scale_x=width / size[0], scale_y=height / size[1], excluded=excluded
    )


def find_tissue(
    pixels: UInt8[ndarray, "h w 3"], *, mpp: float
) -> tuple[Bool[ndarray, "h w"], dict[str, Bool[ndarray, "h w"]]]:
    """Return the tissue in an overview image, and why the rest is none.

    Args:
        pixels: RGB overview.
        mpp: Micrometres per pixel of the overview.
    """
    # one plane a channel: sums over channels are sums of whole planes, several times faster
    colours = rearrange(_without_rim(pixels), "h w c -> c h w").astype(np.float32, order="C")
    border = _border(colours)
    pen = _pen(colours, mpp) & ~border
    texture = _texture(colours, mpp)
    usable = ~(border | pen)
    glass = _glass_colour(colours, texture, usable)
    stained = _absorbing(colours, glass, usable)
    whole = _tidy((stained | (texture > _TEXTURED)) & usable, mpp)
    reach = (
        _window(mpp) // 2
    )  # texture is seen so far beyond its cause: the outline is taken back
    found = (_shrunk(whole, reach) | (whole & stained)) & usable
    excluded = {"glass": ~(found | pen | border), "pen": pen, "border": border}
    return found, excluded


def _without_rim(pixels: UInt8[ndarray, "h w 3"]) -> UInt8[ndarray, "h w 3"]:
    """Return the image with its outermost pixels replaced: scans often end in a faint line."""
    if min(pixels.shape[:2]) <= 4 * _RIM:
        return pixels
    inner = pixels[_RIM:-_RIM, _RIM:-_RIM]
    whole: UInt8[ndarray, "h w 3"] = np.pad(inner, ((_RIM, _RIM), (_RIM, _RIM), (0, 0)), "edge")
    return whole


def _texture(colours: Float32[ndarray, "3 h w"], mpp: float) -> Float32[ndarray, "h w"]:
    """Return the standard deviation of brightness in a small window, units of 0 to 255."""
    window = _window(mpp)
    luma = colours.mean(axis=0)
    mean = ndimage.uniform_filter(luma, window)
    square = ndimage.uniform_filter(luma**2, window)
    spread: Float32[ndarray, "h w"] = np.sqrt(np.maximum(square - mean**2, 0))
    return spread


def _window(mpp: float) -> int:
    return max(round(_TEXTURE_UM / mpp), 3)


def _glass_colour(
    colours: Float32[ndarray, "3 h w"],
    texture: Float32[ndarray, "h w"],
    usable: Bool[ndarray, "h w"],
) -> Float32[ndarray, " 3"]:
    """Return the commonest colour of flat, bright, pale pixels; near white if there are few."""
    pale = colours.max(axis=0) - colours.min(axis=0) < _PALE
    bright = colours.mean(axis=0) > _BRIGHT
    flat = texture < _FLAT
    candidates = rearrange(colours[:, pale & bright & flat & usable], "c n -> n c")
    if len(candidates) < max(_MIN_GLASS * usable.size, 16):
        return _WHITE
    luma = candidates @ np.full(3, 1 / 3, dtype=np.float32)
    counts, edges = np.histogram(luma, bins=np.arange(160, 260, 4))
    best = int(counts.argmax())
    near = candidates[(luma >= edges[best] - 4) & (luma < edges[best + 1] + 4)]
    colour: Float32[ndarray, " 3"] = np.median(near, axis=0).astype(np.float32)
    return colour


def _absorbing(
    colours: Float32[ndarray, "3 h w"],
    glass: Float32[ndarray, " 3"],
    usable: Bool[ndarray, "h w"],
) -> Bool[ndarray, "h w"]:
    """Return pixels that absorb more light than the glass."""
    density = np.log((rearrange(glass, "c -> c 1 1") + 1) / (colours + 1))
    absorbed = np.maximum(density, 0).mean(axis=0) + np.abs(density).max(axis=0) * 0.5
    absorbed = ndimage.uniform_filter(absorbed, 3)
    floor = _DENSITY[0]
    if usable.any():
        middle: float = threshold_otsu(absorbed[usable])  # type: ignore[no-untyped-call]
        floor = float(np.clip(middle * 0.6, *_DENSITY))
    stained: Bool[ndarray, "h w"] = absorbed > floor
    return stained


def _border(colours: Float32[ndarray, "3 h w"]) -> Bool[ndarray, "h w"]:
    """Return black parts that reach the edge of the image."""
    black = colours.max(axis=0) < _BLACK
    labels, _ = ndimage.label(black)
    border: Bool[ndarray, "h w"] = black & np.isin(labels, _edge_labels(labels))
    return border


def _pen(colours: Float32[ndarray, "3 h w"], mpp: float) -> Bool[ndarray, "h w"]:
    """Return marks of felt pens: colours that neither haematoxylin nor eosin gives."""
    red, green, blue = colours
    top, bottom = colours.max(axis=0), colours.min(axis=0)
    vivid = (top - bottom) / np.maximum(top, 1)
    is_green = (green > red + 18) & (green > blue - 12) & (vivid > 0.15)  # noqa: PLR2004
    is_blue = (blue > red + 70) & (green > red + 8) & (vivid > 0.45)  # noqa: PLR2004
    is_red = (red > green + 80) & (np.abs(green - blue) < 28) & (vivid > 0.72)  # noqa: PLR2004
    is_black = (top < 75) & (vivid < 0.35)  # noqa: PLR2004
    seeds = is_green | is_blue | is_red | is_black
    seeds = _grown(_shrunk(seeds, 1), 1)
    seeds = _without_small(seeds, _MIN_PEN_UM2 / mpp**2)
    return _grown(seeds, max(round(_PEN_HALO_UM / mpp), 1))


def _tidy(found: Bool[ndarray, "h w"], mpp: float) -> Bool[ndarray, "h w"]:
    """Close gaps, fill lumens and fat, drop dust."""
    radius = max(round(_CLOSE_UM / mpp), 1)
    closed = _shrunk(_grown(found, radius), radius)
    opened = _grown(_shrunk(closed, 1), 1)
    filled = ~_without_small(~opened, _MAX_HOLE_UM2 / mpp**2, keeps_edge=True)
    return _without_small(filled, max(_MIN_PIECE_UM2 / mpp**2, _MIN_PIECE_PX))


def _without_small(
    parts: Bool[ndarray, "h w"], min_pixels: float, *, keeps_edge: bool = False
) -> Bool[ndarray, "h w"]:
    """Return the connected parts that are large enough.

    Args:
        parts: True where a part is.
        min_pixels: Least size of a part.
        keeps_edge: Whether a part at the edge of the image is kept at any size: it goes on
            outside.
    """
    labels, count = ndimage.label(parts)
    if count == 0:
        return parts
    is_kept = np.bincount(labels.ravel()) >= min_pixels
    if keeps_edge:
        is_kept[_edge_labels(labels)] = True
    is_kept[0] = False
    large: Bool[ndarray, "h w"] = is_kept[labels]
    return large


def _edge_labels(labels: Int32[ndarray, "h w"]) -> Int32[ndarray, " n"]:
    return np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))


def _grown(parts: Bool[ndarray, "h w"], radius: int) -> Bool[ndarray, "h w"]:
    """Return the parts and everything within a square of this half width."""
    grown = ndimage.maximum_filter(parts.view(np.uint8), 2 * radius + 1, mode="nearest")
    return grown.view(np.bool_)


def _shrunk(parts: Bool[ndarray, "h w"], radius: int) -> Bool[ndarray, "h w"]:
    """Return what is left when everything near the outside is taken away."""
    shrunk = ndimage.minimum_filter(parts.view(np.uint8), 2 * radius + 1, mode="nearest")
    return shrunk.view(np.bool_)
