"""A small cohort with a planted signal: one gene, and the share of hot patches on the slide."""

from pathlib import Path

import numpy as np
import pandas as pd

from healnet.data.cohort import Cohort, Patient
from healnet.data.feature_store import PatchFeatures, write_features
from healnet.encoders.protocol import EncoderCard
from healnet.train import Recipe

DIM = 8
CARD = EncoderCard(
    name="planted",
    dim=DIM,
    patch_px=256,
    mpp=0.5,
    mean=(0.0, 0.0, 0.0),
    std=(1.0, 1.0, 1.0),
    dtype="float32",
    licence="CC0-1.0",
    source="drawn for a test",
)
RECIPE = Recipe(
    name="planted", folds=3, epochs=12, patience=12, replicates=100, learning_rate=3e-3,
    model={"num_latents": 4, "latent_dim": 16, "cross_heads": 2, "cross_head_dim": 8},
)  # fmt: skip


def planted_cohort(
    folder: Path,
    *,
    patients: int = 48,
    seed: int = 0,
    slides: bool = True,
    signal: float = 2.0,
) -> Cohort:
    """Log hazard = signal * (gene g0 + hotness of the slide); a third is censored."""
    draw = np.random.default_rng(seed)
    ids = [f"P{number:03d}" for number in range(patients)]
    genes = draw.normal(size=(patients, 6))
    hotness = draw.uniform(-1, 1, size=patients) * slides
    hazard = np.exp(signal * (genes[:, 0] + 1.5 * hotness))
    times = draw.exponential(20 / hazard) + 0.1
    follow_up = draw.exponential(np.median(times) * 3, size=patients) + 0.1
    event = times <= follow_up
    rna = pd.DataFrame(genes, index=ids, columns=[f"g{i}" for i in range(6)])
    age = 60 + 10 * draw.normal(size=patients)
    clinical = pd.DataFrame({"age": age}, index=ids)
    people = []
    folder.mkdir(parents=True, exist_ok=True)
    for number, case_id in enumerate(ids):
        paths: tuple[Path, ...] = ()
        if slides:
            share = (hotness[number] + 1) / 2
            paths = (write_slide(folder / f"{case_id}.h5", share, draw),)
        people.append(
            Patient(
                case_id=case_id,
                time_months=float(min(times[number], follow_up[number])),
                event=bool(event[number]),
                features=paths,
            )
        )
    return Cohort(
        patients=tuple(people), tables={"rna": rna, "clinical": clinical}, name="planted.csv"
    )


def write_slide(path: Path, share: float, draw: np.random.Generator, size: int = 16) -> Path:
    """Write a slide of 16 patches, of which a share is hot (channel 0 at 3)."""
    features = draw.normal(size=(size, DIM)).astype(np.float32)
    hot = draw.permutation(size) < round(share * size)
    features[:, 0] = np.where(hot, 3.0, -3.0)
    cells = np.stack([np.arange(size) % 4, np.arange(size) // 4], axis=1)
    return write_features(
        path,
        PatchFeatures(
            features=features,
            coords=(cells * 256).astype(np.int64),
            patch_size_l0=256,
            mpp=0.5,
            mpp_source="file",
            patch_px=256,
            encoder=CARD,
            slide_sha256=f"{draw.integers(2**60):064x}",
            name=f"{path.stem}.svs",
        ),
    )
