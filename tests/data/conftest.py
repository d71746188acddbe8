"""A small model input and patients who have all, some or none of it."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from healnet.data.case import Case
from healnet.data.feature_store import PatchFeatures
from healnet.data.input_spec import InputSpec, SlideSpec
from healnet.encoders.protocol import EncoderCard
from healnet.omics.table_schema import TableSchema

MakeSlide = Callable[..., PatchFeatures]


def make_card(**changes: object) -> EncoderCard:
    values = {
        "name": "tiny",
        "dim": 6,
        "patch_px": 256,
        "mpp": 0.5,
        "mean": (0.0, 0.0, 0.0),
        "std": (1.0, 1.0, 1.0),
        "dtype": "float32",
        "licence": "CC0-1.0",
        "source": "test",
        **changes,
    }
    return EncoderCard(**values)  # type: ignore[arg-type]


def make_slide(patches: int = 5, seed: int = 0, **changes: object) -> PatchFeatures:
    generator = np.random.default_rng(seed)
    values = {
        "features": generator.normal(size=(patches, 6)).astype(np.float16),
        "coords": generator.integers(0, 50_000, (patches, 2)),
        "patch_size_l0": 512,
        "mpp": 0.25,
        "mpp_source": "file",
        "patch_px": 256,
        "encoder": make_card(),
        "name": f"slide-{seed}",
        **changes,
    }
    return PatchFeatures(**values)  # type: ignore[arg-type]


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    generator = np.random.default_rng(0)
    index = pd.Index([f"p{i}" for i in range(40)], name="case_id")
    rna = pd.DataFrame(generator.normal(size=(40, 7)), index=index, columns=list("ABCDEFG"))
    clinical = pd.DataFrame({"age": generator.normal(60, 9, 40).round()}, index=index)
    return {"rna": rna, "clinical": clinical}


@pytest.fixture
def spec(tables: dict[str, pd.DataFrame]) -> InputSpec:
    return InputSpec(
        slide=SlideSpec(encoder=make_card(), mpp=0.5, patch_px=256),
        tables={name: TableSchema.fit(table, name) for name, table in tables.items()},
    )


@pytest.fixture
def make_case(tables: dict[str, pd.DataFrame]) -> Callable[..., Case]:
    def make(number: int = 0, *, slides: tuple[PatchFeatures, ...] = (), has: str = "") -> Case:
        rows = {
            name: {str(k): v for k, v in tables[name].iloc[number].items()}
            for name in has.split()
        }
        return Case(case_id=f"p{number}", slides=slides, tables=rows)

    return make
