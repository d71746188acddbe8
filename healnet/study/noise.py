"""Random fields: smooth noise on coarse grids, periodic noise for textures, resampling.

Axis names: h height, w width (rows and columns of a field).
"""

import numpy as np
from jaxtyping import Float32, Shaped
from PIL import Image

Plane = Float32[np.ndarray, "h w"]
Coarse = Float32[np.ndarray, "rows columns"]  # a field seen beside planes of another size


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int], *, scale: float) -> Plane:
    """Return noise of zero mean and unit deviation whose blobs are ``scale`` pixels wide.

    Normal values on a coarse grid, with a margin and a random shift, are interpolated with a
    cubic kernel, so that neither the grid nor the border shows.
    """
    coarse = tuple(int(np.ceil(side / scale)) + 4 for side in shape)
    grid = rng.standard_normal(coarse, dtype=np.float32)
    left, top = (float(shift) for shift in rng.uniform(0.5, 1.5, size=2))
    box = (left, top, left + shape[1] / scale, top + shape[0] / scale)
    image = Image.fromarray(grid).resize(
        (shape[1], shape[0]), Image.Resampling.BICUBIC, box=box
    )
    field = np.array(image)
    return field / np.float32(0.75)  # cubic interpolation shrinks the deviation to about 0.75


def fractal_noise(
    rng: np.random.Generator,
    shape: tuple[int, int],
    *,
    scale: float,
    octaves: int = 3,
    gain: float = 0.5,
) -> Plane:
    """Return the sum of ``octaves`` of noise, each half as wide and ``gain`` as strong."""
    total = np.zeros(shape, dtype=np.float32)
    weight, power = 1.0, 0.0
    for octave in range(octaves):
        width = max(scale / 2**octave, 1.0)
        total += np.float32(weight) * smooth_noise(rng, shape, scale=width)
        power += weight**2
        weight *= gain
    return total / np.float32(np.sqrt(power))


def periodic_noise(
    rng: np.random.Generator, size: int, *, across: float, along: float
) -> Plane:
    """Return a square tile of noise that repeats seamlessly, unit deviation.

    Args:
        rng: Source of randomness.
        size: Side in pixels.
        across: Gaussian correlation length down the rows, in pixels.
        along: The same along the columns.
    """
    spectrum = np.fft.rfft2(rng.standard_normal((size, size)))
    row = np.fft.fftfreq(size)[:, None]
    column = np.fft.rfftfreq(size)[None, :]
    spectrum *= np.exp(-2 * np.pi**2 * ((row * across) ** 2 + (column * along) ** 2))
    spectrum[0, 0] = 0
    tile = np.fft.irfft2(spectrum, s=(size, size))
    return np.asarray(tile / tile.std(), dtype=np.float32)


def smoothstep(
    values: Shaped[np.ndarray, "..."], low: float, high: float
) -> Shaped[np.ndarray, "..."]:
    """Return 0 below ``low``, 1 above ``high``, and a smooth ramp between (either order)."""
    ramp = values - np.float32(low)
    ramp *= np.float32(1 / (high - low))
    np.clip(ramp, 0, 1, out=ramp)
    smooth = ramp * np.float32(-2)
    smooth += 3
    smooth *= ramp
    smooth *= ramp
    return smooth
