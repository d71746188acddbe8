"""Pixels at another size, and transparent pixels over white."""

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray
from PIL import Image


def over_white(image: Image.Image) -> UInt8[ndarray, "h w 3"]:
    """Return an image's RGB pixels, with what is transparent laid over white."""
    if image.mode == "RGBA" and image.getchannel("A").getextrema() != (255, 255):
        white = Image.new("RGB", image.size, (255, 255, 255))
        white.paste(image, mask=image.getchannel("A"))
        return np.asarray(white)
    return np.asarray(image.convert("RGB"))


def scaled(
    pixels: UInt8[ndarray, "h w 3"],
    size: tuple[int, int],
    inner: tuple[float, float, float, float] | None = None,
) -> UInt8[ndarray, "h2 w2 3"]:
    """Return a part of an image at another size.

    Args:
        pixels: The image.
        size: Width and height of the answer.
        inner: Left, top, right and bottom of the part, pixels; None for all of it.
    """
    left, top, right, bottom = inner or (
        0.0,
        0.0,
        float(pixels.shape[1]),
        float(pixels.shape[0]),
    )
    ratio_x, ratio_y = (right - left) / size[0], (bottom - top) / size[1]
    if ratio_x == 1 and ratio_y == 1 and left == int(left) and top == int(top):
        return pixels[int(top) : int(top) + size[1], int(left) : int(left) + size[0]]
    is_whole = ratio_x == round(ratio_x) and ratio_y == round(ratio_y)
    method = Image.Resampling.BOX if is_whole else Image.Resampling.BILINEAR
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return np.asarray(image.resize(size, method, (left, top, right, bottom)))
