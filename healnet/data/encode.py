"""From a slide file to a feature file: probe, tissue, grid, patches, encoder, HDF5.

The same call serves the command line, the worker of the app and the study. A file that was made
before from the same slide, encoder and settings is used again.
"""

import hashlib
import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import h5py
from jaxtyping import Float, Int64
from numpy import ndarray

from healnet.data.encode_progress import EncodeSettings, Progress, Watch
from healnet.data.feature_store import (
    PatchFeatures,
    read_features,
)
from healnet.data.feature_writer import FeatureWriter
from healnet.encoders.extract import extract_features
from healnet.encoders.protocol import PatchEncoder
from healnet.exceptions import HealNetError, Notice, SlideError
from healnet.slide.hashing import slide_sha256
from healnet.slide.patching import PatchCoords, check_resolution, coarse_to_fine, lay_grid
from healnet.slide.reader import Slide, open_slide
from healnet.slide.slide_parts import slide_parts
from healnet.slide.tissue import tissue_mask

OnBatch = Callable[[Int64[ndarray, "n 2"], Float[ndarray, "n d"]], None]
_MAX_UNREADABLE = 0.25
_RECIPE = 1  # raised when the same settings would give other features
_KEY = "encode_key"


@dataclass(frozen=True, kw_only=True)
class EncodedSlide:
    """The answer of :func:`encode_slide`.

    Attributes:
        path: The feature file.
        features: What it holds.
        notices: Warnings that travel with every result from these features.
        reused: Whether it was made earlier.
    """

    path: Path
    features: PatchFeatures
    notices: tuple[Notice, ...]
    reused: bool


def encode_slide(  # noqa: PLR0913  (each is a choice of the user)
    slide_path: Path,
    *,
    encoder: PatchEncoder,
    out_dir: Path,
    mpp: float = 0.5,
    patch_px: int = 256,
    slide_mpp: float | None = None,
    max_patches: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    on_batch: OnBatch | None = None,
) -> EncodedSlide:
    """Write the features of a slide to ``out_dir`` and return them.

    Args:
        slide_path: The slide file.
        encoder: Turns patches into features.
        out_dir: Folder of feature files.
        mpp: Micrometres per pixel as the encoder sees it.
        patch_px: Side of a patch as the encoder sees it, pixels.
        slide_mpp: The user's micrometres per level-0 pixel; None to take the file's.
        max_patches: More than that are thinned out by a seeded draw; None for no cap.
        progress: Called often with how far it is.
        cancelled: Asked often whether to stop.
        on_batch: Called with corners (level-0 pixels) and features of each finished batch.

    Raises:
        SlideError: If the slide is refused.
        Cancelled: If ``cancelled`` said so; nothing is left behind.
    """
    settings = EncodeSettings(
        mpp=mpp, patch_px=patch_px, slide_mpp=slide_mpp, max_patches=max_patches
    )
    watch = Watch(progress=progress, cancelled=cancelled, where=slide_path.name)
    try:
        with open_slide(slide_path, mpp=slide_mpp) as slide:
            notices = check_resolution(slide.properties, mpp)
            slide_hash = _hash(slide_path, watch)
            key = _reuse_key(slide_hash, encoder, settings)
            path, known = _place(out_dir, slide_path, key)
            if known is None:
                job = _Job(slide=slide, encoder=encoder, settings=settings, watch=watch)
                job.run(
                    path, slide_hash=slide_hash, key=key, notices=notices, on_batch=on_batch
                )
    except SlideError as error:
        error.where = error.where or slide_path.name
        raise
    features = read_features(path) if known is None else known
    return EncodedSlide(
        path=path, features=features, notices=features.notices, reused=known is not None
    )


@dataclass(frozen=True, kw_only=True)
class _Job:
    slide: Slide
    encoder: PatchEncoder
    settings: EncodeSettings
    watch: Watch

    def run(
        self,
        path: Path,
        *,
        slide_hash: str,
        key: str,
        notices: tuple[Notice, ...],
        on_batch: OnBatch | None,
    ) -> None:
        """Encode all patches and publish the file."""
        coords = self._patches()
        with FeatureWriter(
            path, coords=coords.xy, dim=self.encoder.card.dim, dtype=self.settings.dtype
        ) as writer:
            lost = self._encode(coords, writer, on_batch)
            all_notices = (
                *self.slide.properties.notices,
                *notices,
                *coords.notices,
                *self._lost(lost, len(coords)),
            )
            attributes = self._attributes(coords, slide_hash, all_notices)
            attributes[_KEY] = key
            writer.finish(attributes, patch_size_l0=coords.patch_size_l0)

    def _patches(self) -> PatchCoords:
        settings = self.settings
        self.watch.start("tissue", 1)
        tissue = tissue_mask(self.slide, mpp=settings.mask_mpp)
        coords = lay_grid(
            self.slide.properties,
            tissue,
            mpp=settings.mpp,
            patch_px=settings.patch_px,
            min_tissue=settings.min_tissue,
            max_patches=settings.max_patches,
            seed=settings.seed,
            min_patches=settings.min_patches,
        )
        self.watch.tell("tissue", 1, 1)
        return coords

    def _encode(
        self, coords: PatchCoords, writer: FeatureWriter, on_batch: OnBatch | None
    ) -> int:
        """Write features, coarse lattice first, and return how many patches were unreadable."""
        order = coarse_to_fine(coords)
        ordered = replace(coords, xy=coords.xy[order])
        lost = 0
        self.watch.start("encode", len(coords))
        batches = extract_features(
            self.slide, ordered, self.encoder, cancelled=self.watch.cancelled
        )
        with closing(batches):  # ends its threads before the slide is closed
            for batch in batches:
                writer.write(order[batch.part][batch.is_readable], batch.features)
                lost += int((~batch.is_readable).sum())
                if lost > _MAX_UNREADABLE * len(coords):
                    raise self._too_damaged(lost, len(coords))
                if on_batch is not None:
                    on_batch(batch.coords, batch.features)
                self.watch.tell("encode", batch.part.stop, len(coords))
        return lost

    def _attributes(
        self, coords: PatchCoords, slide_hash: str, notices: tuple[Notice, ...]
    ) -> dict[str, object]:
        properties = self.slide.properties
        settings = self.settings
        return {
            "name": Path(self.slide.name).stem,
            "mpp": properties.mpp,
            "mpp_source": properties.mpp_source,
            "patch_px": coords.patch_px,
            "target_mpp": coords.mpp,
            "grid": coords.grid.to_dict(),
            "healnet_encoder_card": self.encoder.card.to_dict(),
            "slide_sha256": slide_hash,
            "level0_width": properties.width,
            "level0_height": properties.height,
            "mask_params": {"mpp": settings.mask_mpp, "min_tissue": settings.min_tissue},
            "num_candidates": coords.num_candidates,
            "notices": [notice.to_dict() for notice in notices],
        }

    def _lost(self, lost: int, total: int) -> tuple[Notice, ...]:
        if not lost:
            return ()
        notice = Notice(
            code="SLIDE-PATCHES-LOST",
            what=f"{lost:,} of {total:,} patches could not be read and are left out",
            where=self.slide.name,
            why="the stored image data is damaged there; the copy may be incomplete",
            fix="copy the file again from the scanner",
        )
        return (notice,)

    def _too_damaged(self, lost: int, total: int) -> SlideError:
        return SlideError(
            f"at least {lost:,} of {total:,} patches cannot be read",
            code="SLIDE-READ",
            where=self.slide.name,
            why="too little of the slide is left; the copy may be incomplete",
            fix="copy the file again from the scanner",
        )


def _hash(path: Path, watch: Watch) -> str:
    total, done = sum(part.stat().st_size for part in slide_parts(path)), 0
    watch.start("hash", total)

    def count(size: int) -> None:
        nonlocal done
        done += size
        watch.tell("hash", min(done, total), total)

    return slide_sha256(path, on_chunk=count)


def _reuse_key(slide_hash: str, encoder: PatchEncoder, settings: EncodeSettings) -> str:
    values = {
        "slide": slide_hash,
        "encoder": encoder.card.digest,
        "recipe": _RECIPE,
        **asdict(settings),
    }
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _place(out_dir: Path, slide_path: Path, key: str) -> tuple[Path, PatchFeatures | None]:
    """Return where the file belongs, and what it holds if it is there already.

    The plain name is used unless features of another slide or other settings have it.
    """
    plain = out_dir / f"{slide_path.stem}.h5"
    other = out_dir / f"{slide_path.stem}_{key[:8]}.h5"
    for path in (plain, other):
        if _key_of(path) == key:
            try:
                return path, read_features(path)
            except HealNetError:  # damaged: made again
                return path, None
    return (other if _key_of(plain) else plain), None


def _key_of(path: Path) -> str:
    """Return which slide and settings a file was made from; empty if it cannot be told."""
    if not path.is_file():
        return ""
    try:
        with h5py.File(path, "r") as file:
            return str(file.attrs.get(_KEY, "unknown"))
    except OSError:  # damaged, no loss
        return ""
