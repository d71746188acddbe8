"""Patches per second: the published network eager, ours folded, and reading beside them.

Run: ``python benchmarks/encoding.py [SLIDE]``. All variants take turns in one process, so that
other work on the machine hits them alike; medians and spread are printed with the machine.
"""

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from efficientnet_lite_pytorch import EfficientNet
from einops import rearrange

from healnet.data.encode import encode_slide
from healnet.encoders.extract import extract_features, read_patch
from healnet.encoders.lite0 import build, load_weights
from healnet.slide.patching import PatchCoords, check_resolution, lay_grid
from healnet.slide.reader import Slide, open_slide
from healnet.slide.tissue import tissue_mask

ROUNDS = 3
NUM_PATCHES = 32
BATCH = 16
DEFAULT = Path(__file__).parents[1] / "assets" / "demo" / "cases"


def main() -> None:
    """Print one line a variant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("slide", type=Path, nargs="?", default=None)
    parser.add_argument("--patch", type=int, default=256)
    parser.add_argument(
        "--threads", type=int, default=0, help="torch's own; 0 keeps its choice"
    )
    arguments = parser.parse_args()
    path = arguments.slide or next(DEFAULT.glob("*/slide.svs"))
    torch.set_num_threads(arguments.threads or torch.get_num_threads())
    machine = platform.processor() or platform.machine()
    threads = f"{torch.get_num_threads()} of {os.cpu_count()} cores"
    print(f"{machine}, {threads}, torch {torch.__version__}")
    with open_slide(path) as slide:
        check_resolution(slide.properties, 0.5)
        coords = lay_grid(slide.properties, tissue_mask(slide), patch_px=arguments.patch)
        print(f"{path.name}: {len(coords)} patches of {arguments.patch} px at 0.5 um per pixel")
        compare(slide, coords)
    whole_chain(path, arguments.patch)


def compare(slide: Slide, coords: PatchCoords) -> None:
    """Time reading and both networks on the same patches, turn by turn."""
    some = [index % len(coords) for index in range(NUM_PATCHES)]
    patches = np.stack([read_patch(slide, coords, index) for index in some])
    ours, published = build(), eager()
    variants: dict[str, Callable[[], object]] = {
        "read": lambda: [read_patch(slide, coords, index) for index in some],
        "published, eager, batch 16": lambda: published(patches),
        "lite0, folded, channels-last": lambda: ours(patches),
        "lite0 with reading, overlapped": lambda: list(
            extract_features(slide, coords, ours, batch_size=BATCH)
        ),
    }
    counts = dict.fromkeys(variants, NUM_PATCHES)
    counts["lite0 with reading, overlapped"] = len(coords)
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for turn in range(ROUNDS + 1):
        for name, run in variants.items():
            started = time.perf_counter()
            run()
            if turn:  # the first turn warms up
                seconds[name].append(time.perf_counter() - started)
    for name, spent in seconds.items():
        rates = sorted(counts[name] / each for each in spent)
        middle, spread = statistics.median(rates), f"{rates[0]:.1f} to {rates[-1]:.1f}"
        print(f"{name:32s} {middle:8.1f} patches/s ({spread})")
    slow, fast = (
        statistics.median(seconds[name])
        for name in ("published, eager, batch 16", "lite0, folded, channels-last")
    )
    cosine = smallest_cosine(ours(patches), published(patches))
    print(f"folded over eager: {slow / fast:.2f} x; smallest cosine of features {cosine:.8f}")


def eager() -> Callable[[np.ndarray], np.ndarray]:
    """The published network as its package gives it."""
    network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(load_weights())
    network.eval()

    def encode(patches: np.ndarray) -> np.ndarray:
        parts = []
        with torch.inference_mode():
            for start in range(0, len(patches), BATCH):
                raw = torch.from_numpy(patches[start : start + BATCH])
                pixels = rearrange(raw, "b h w c -> b c h w").contiguous().float()
                features = network.extract_features((pixels - 127) / 128)
                parts.append(features.mean(dim=(2, 3)).numpy())
        return np.concatenate(parts)

    return encode


def smallest_cosine(first: np.ndarray, second: np.ndarray) -> float:
    """The least cosine between rows."""
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return float(((first * second).sum(axis=1) / lengths).min())


def whole_chain(path: Path, patch_px: int) -> None:
    """Time everything from the file to the feature file, and once more to use it again."""
    encoder = build()
    with tempfile.TemporaryDirectory() as folder:
        for what in ("slide to feature file", "the same again"):
            started = time.perf_counter()
            made = encode_slide(path, encoder=encoder, out_dir=Path(folder), patch_px=patch_px)
            spent = time.perf_counter() - started
            print(f"{what:32s} {spent:8.2f} s for {len(made.features)} patches")


if __name__ == "__main__":
    main()
