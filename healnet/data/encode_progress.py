"""Settings of an encoding run, how far it is, and whether to stop."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from healnet.exceptions import Cancelled


@dataclass(frozen=True, kw_only=True)
class EncodeSettings:
    """What decides which features come out of a slide, beside the encoder.

    Attributes:
        mpp: Micrometres per pixel as the encoder sees it.
        patch_px: Side of a patch as the encoder sees it, pixels.
        slide_mpp: The user's micrometres per level-0 pixel; None to take the file's.
        max_patches: More than that are thinned out by a seeded draw; None for no cap.
        min_tissue: Least share of a patch that must be tissue.
        min_patches: Fewer than that are refused.
        mask_mpp: Micrometres per pixel of the tissue mask.
        seed: Of the draw.
        dtype: ``float16`` or ``float32``: how features are stored.
    """

    mpp: float = 0.5
    patch_px: int = 256
    slide_mpp: float | None = None
    max_patches: int | None = None
    min_tissue: float = 0.25
    min_patches: int = 1
    mask_mpp: float = 8.0
    seed: int = 0
    dtype: str = "float16"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far the encoding of one slide is.

    Attributes:
        stage: ``hash`` (bytes), ``tissue`` or ``encode`` (patches).
        done: Units done.
        total: Units in all.
        rate_per_s: Units a second so far; None before the first.
        seconds_left: Estimate for this stage; None before the first unit.
    """

    stage: str
    done: int
    total: int
    rate_per_s: float | None = None
    seconds_left: float | None = None


@dataclass(kw_only=True)
class Watch:
    """Reports progress and asks whether to stop."""

    progress: Callable[[Progress], None] | None
    cancelled: Callable[[], bool] | None
    where: str
    started: float = field(default_factory=time.monotonic)

    def start(self, stage: str, total: int) -> None:
        """Begin a stage: its rate counts from now."""
        self.started = time.monotonic()
        self.tell(stage, 0, total)

    def tell(self, stage: str, done: int, total: int) -> None:
        """Report how far a stage is.

        Raises:
            Cancelled: If the user asked to stop.
        """
        if self.cancelled is not None and self.cancelled():
            raise Cancelled("encoding was stopped; nothing was saved", where=self.where)
        if self.progress is None:
            return
        spent = time.monotonic() - self.started
        rate = done / spent if done and spent > 0 else None
        left = (total - done) / rate if rate else None
        self.progress(
            Progress(stage=stage, done=done, total=total, rate_per_s=rate, seconds_left=left)
        )
