"""Encoders of other packages join by an entry point and nothing else."""

from pathlib import Path

import numpy as np
import pytest

from healnet.encoders.registry import encoder_names, get_encoder
from healnet.exceptions import EncoderError
from tests.encoders.patches import pattern

MODULE = """
import numpy as np
from healnet.encoders.protocol import EncoderCard


class MeanColour:
    card = EncoderCard(
        name="mean-colour", dim=3, patch_px=256, mpp=0.5, mean=(0.0,) * 3, std=(255.0,) * 3,
        dtype="float32", licence="MIT", source="no weights",
    )

    def __call__(self, patches):
        return (patches.mean(axis=(1, 2)) / 255).astype(np.float32)


def build():
    return MeanColour()


def build_nothing():
    return object()
"""
ENTRY_POINTS = """[healnet.encoders]
mean-colour = foreign_encoder:build
no-encoder = foreign_encoder:build_nothing
no-module = module_that_is_not_there:build
no-function = foreign_encoder:gone
lite0 = foreign_encoder:build
"""


@pytest.fixture(autouse=True)
def foreign_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "foreign_encoder.py").write_text(MODULE)
    facts = tmp_path / "foreign_encoder-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: foreign-encoder\nVersion: 1.0\n"
    )
    (facts / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(tmp_path)


def test_it_is_listed_and_works() -> None:
    encoder = get_encoder("mean-colour")

    assert "mean-colour" in encoder_names()
    patches = pattern(2)
    np.testing.assert_allclose(
        encoder(patches)[1], patches[1].mean(axis=(0, 1)) / 255, rtol=1e-6
    )


@pytest.mark.parametrize("name", ["no-encoder", "no-module", "no-function"])
def test_a_broken_one_is_refused_and_the_others_work(name: str) -> None:
    with pytest.raises(EncoderError, match="ENCODER-BROKEN"):
        get_encoder(name)

    assert get_encoder("raw-rgb").card.dim == 768


def test_a_built_in_name_cannot_be_taken_over() -> None:
    assert get_encoder("lite0").card.dim == 1280
