"""From a slide to features: reading and encoding side by side, in bounded memory.

One thread reads patches, a few encode them; at most a handful of batches exist at any time,
however large the slide is. Results come in the order of the patches.
"""

import itertools
import os
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int64, UInt8
from numpy import ndarray

from healnet.encoders.protocol import PatchEncoder
from healnet.exceptions import Cancelled, SlideError
from healnet.slide.geometry import Box
from healnet.slide.patching import PatchCoords
from healnet.slide.reader import Slide

_AHEAD = 2  # batches read ahead of each encoding thread
_MAX_WORKERS = 8


@dataclass(frozen=True, kw_only=True, eq=False)
class EncodedBatch:
    """Features of consecutive patches.

    Attributes:
        part: Which patches of the slide's :class:`PatchCoords` these are.
        features: One row a readable patch.
        coords: Top-left corners of those, level-0 pixels.
        is_readable: For each patch of ``part`` whether its pixels could be read.
    """

    part: slice
    features: Float32[ndarray, "m d"]
    coords: Int64[ndarray, "m 2"]
    is_readable: Bool[ndarray, " n"]


@dataclass(frozen=True, kw_only=True, eq=False)
class _ReadBatch:
    part: slice
    patches: UInt8[ndarray, "m h w 3"]
    is_readable: Bool[ndarray, " n"]


def extract_features(
    slide: Slide,
    coords: PatchCoords,
    encoder: PatchEncoder,
    *,
    batch_size: int = 16,
    num_workers: int | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Generator[EncodedBatch]:
    """Yield the features of all patches of a slide, batch by batch.

    Close the generator (or use it up) before the slide: its threads read ahead.

    Args:
        slide: The open slide.
        coords: Its patches.
        encoder: Called from several threads at once.
        batch_size: Patches in one batch.
        num_workers: Encoding threads, each computing on its share of the cores; None to choose.
        cancelled: Asked before each batch.

    Raises:
        Cancelled: If ``cancelled`` said so.
        SlideError: If the slide cannot be read; patches on single damaged tiles are left out.
    """
    workers = num_workers or min(os.cpu_count() or 1, _MAX_WORKERS)
    parts = iter(_parts(len(coords), batch_size))
    with _encoding_threads(workers) as pool, ThreadPoolExecutor(max_workers=1) as reading:

        def submit(part: slice) -> Future[EncodedBatch]:
            read = reading.submit(_read, slide, coords, part)
            return pool.submit(_encode, read, coords, encoder)

        waiting = deque(submit(part) for part in itertools.islice(parts, workers * _AHEAD))
        try:
            while waiting:
                if cancelled is not None and cancelled():
                    raise Cancelled("encoding was stopped", where=slide.name)
                batch = waiting.popleft().result()
                waiting.extend(submit(part) for part in itertools.islice(parts, 1))
                yield batch
        finally:
            for left in waiting:
                left.cancel()


def read_patch(slide: Slide, coords: PatchCoords, index: int) -> UInt8[ndarray, "h w 3"]:
    """Return one patch as the encoder sees it.

    Raises:
        SlideError: ``SLIDE-READ`` if a tile under it is damaged.
    """
    x, y = (int(value) for value in coords.xy[index])
    size = coords.patch_size_l0
    box = Box(x=x, y=y, width=size, height=size)
    return slide.read(box, size=(coords.patch_px, coords.patch_px))


def _parts(count: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


def _read(slide: Slide, coords: PatchCoords, part: slice) -> _ReadBatch:
    count, side = part.stop - part.start, coords.patch_px
    patches = np.empty((count, side, side, 3), dtype=np.uint8)
    is_readable = np.zeros(count, dtype=np.bool_)
    filled = 0
    for offset in range(count):
        try:
            patches[filled] = read_patch(slide, coords, part.start + offset)
        except SlideError as error:
            if error.code != "SLIDE-READ":
                raise
            continue
        is_readable[offset] = True
        filled += 1
    return _ReadBatch(part=part, patches=patches[:filled], is_readable=is_readable)


def _encode(
    read: Future[_ReadBatch], coords: PatchCoords, encoder: PatchEncoder
) -> EncodedBatch:
    batch = read.result()
    kept = coords.xy[batch.part][batch.is_readable]
    features = encoder(batch.patches)
    return EncodedBatch(
        part=batch.part, features=features, coords=kept, is_readable=batch.is_readable
    )


@contextmanager
def _encoding_threads(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Give threads that share the cores, and put torch's thread count back afterwards.

    Several threads that compute on one core each do not wait for one another at every layer, as
    one computation on all cores does; on a busy machine that waiting costs most of the time.
    """
    before = torch.get_num_threads()
    each = max((os.cpu_count() or 1) // workers, 1)
    try:
        with ThreadPoolExecutor(
            max_workers=workers, initializer=torch.set_num_threads, initargs=(each,)
        ) as pool:
            yield pool
    finally:
        torch.set_num_threads(before)
