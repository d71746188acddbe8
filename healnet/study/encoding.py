"""Encode all slides of the study, each core at its own slide."""

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

import torch

from healnet.data.encode import encode_slide
from healnet.data.encode_progress import Progress
from healnet.encoders.protocol import PatchEncoder
from healnet.encoders.registry import get_encoder

ENCODER = "lite0"


def encode_slides(
    slides: Sequence[Path],
    out_dir: Path,
    *,
    processes: int,
    progress: Callable[[Progress], None] | None = None,
) -> dict[str, Path]:
    """Return the feature file of every slide by the slide's name without its ending.

    Args:
        slides: Slide files.
        out_dir: Folder of feature files; those that are there already are used again.
        processes: How many slides are encoded at the same time.
        progress: Called after each slide.
    """
    found = {}
    # fresh processes: a forked one would inherit the locks of the caller's threads
    with ProcessPoolExecutor(max_workers=processes, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(encode_one, slide, out_dir): slide.stem for slide in slides}
        try:
            for done, job in enumerate(as_completed(waiting), start=1):
                found[waiting[job]] = job.result()
                if progress is not None:
                    progress(Progress(stage="encode slides", done=done, total=len(slides)))
        finally:
            pool.shutdown(cancel_futures=True)
    return found


def encode_one(slide: Path, out_dir: Path) -> Path:
    """Return the feature file of one slide, made with one thread."""
    torch.set_num_threads(1)
    return encode_slide(slide, encoder=_encoder(), out_dir=out_dir).path


@lru_cache(maxsize=1)
def _encoder() -> PatchEncoder:
    return get_encoder(ENCODER)
