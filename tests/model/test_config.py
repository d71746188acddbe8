"""Configurations: what is refused, and that nothing is lost on the way to JSON and back."""

import json

import pytest

from healnet.exceptions import ConfigError
from healnet.model.config import HealNetConfig, ModalityConfig, PositionConfig
from healnet.model.presets import bag, default, published, published_modality, table
from tests.model.random_nets import Draw, random_config

SLIDE = bag("slide", 8)


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_lost_on_the_way_to_json_and_back(seed: int) -> None:
    config = random_config(Draw(seed))

    again = HealNetConfig.from_dict(json.loads(json.dumps(config.to_dict())))

    assert again == config


def test_a_whole_number_is_read_as_the_float_that_it_stands_for() -> None:
    plain = {**default([SLIDE]).to_dict(), "temperature": 1, "out_slope": 0}

    config = HealNetConfig.from_dict(plain)

    assert isinstance(config.temperature, float)
    assert isinstance(config.out_slope, float)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": "red"}, "unknown model setting colour"),
        ({"depth": 0}, "depth must be a whole number of at least 1; got 0"),
        ({"num_latents": True}, "num_latents must be a whole number"),
        ({"latent_dim": 2.5}, "latent_dim"),
        (
            {"weight_tying": "some"},
            "weight_tying",
        ),
        ({"feedforward": "relu"}, "feedforward"),
        ({"temperature": 0.0}, "temperature and latent_scale must be positive"),
        ({"attention_dropout": 1.0}, r"attention_dropout must lie in \[0, 1\); got 1.0"),
        ({"self_per_cross": -1}, "self_per_cross must not be negative"),
        ({"self_per_cross": 0.5}, "self_per_cross must be a whole number; got 0.5"),
        ({"latent_scale": float("nan")}, "latent_scale must be a finite number; got nan"),
        ({"temperature": float("nan")}, "temperature must be a finite number; got nan"),
        ({"temperature": "1"}, "temperature must be a finite number; got '1'"),
        ({"out_slope": "x"}, "out_slope must be a finite number; got 'x'"),
        ({"attention_dropout": None}, "attention_dropout must be a finite number"),
        ({"feedforward": ["snn"]}, "feedforward"),
        ({3: 4}, "unknown model setting 3"),
        ({"modalities": [{"name": 7}]}, "name must be a text; got 7"),
        ({"modalities": [{"name": "a", "axes": "2"}]}, "axes must be a whole number; got '2'"),
        ({"modalities": [{"name": "a", "num_features": 2.5}]}, "num_features must be a whole"),
        ({"modalities": []}, "different names"),
        ({"modalities": None}, "needs a list 'modalities'"),
        ({"modalities": ["slide"]}, "a modality must be a mapping; got str"),
        ({"modalities": [{"channels": 3}]}, "the modality configuration cannot be read"),
        ({"modalities": [{"name": "a", "size": 3}]}, "unknown modality setting size"),
        ({"modalities": [{"name": "a"}, {"name": "a"}]}, "different names"),
    ],
)
def test_what_cannot_work_is_refused(change: dict[str, object], message: str) -> None:
    plain = {**default([SLIDE]).to_dict(), **change}

    with pytest.raises(ConfigError, match=message):
        HealNetConfig.from_dict(plain)


@pytest.mark.parametrize("name", ["", "a.b", "keys", "training", "µm", " rna"])
def test_a_name_that_cannot_be_stored_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot name a modality"):
        ModalityConfig(name=name)


@pytest.mark.parametrize(
    "settings",
    [
        {"num_features": 0},
        {"num_features": 3, "channels": 2},
        {"num_features": 3, "axes": 1},
        {"axes": -1},
        {"positions": PositionConfig()},
        {"channels": 0},
    ],
)
def test_a_modality_that_contradicts_itself_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        ModalityConfig(name="rna", **settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"num_bands": 0},
        {"min_wavelength": 0.0},
        {"min_wavelength": 500.0, "max_wavelength": 400.0},
        {"max_frequency": 0.0},
    ],
)
def test_positions_without_a_scale_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        PositionConfig(**settings)


def test_an_unknown_modality_is_answered_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="no modality 'rna'; this model knows slide"):
        default([SLIDE]).modality("rna")


def test_layers_share_what_the_tying_says() -> None:
    def stored(tying: str) -> tuple[int, ...]:
        return default([SLIDE], depth=4, weight_tying=tying).layer_modules

    assert stored("none") == (0, 1, 2, 3)
    assert stored("all") == (0, 0, 0, 0)
    assert stored("published") == (0, 1, 1, 1)


def test_default_gives_a_bag_with_axes_the_physical_code() -> None:
    config = default([ModalityConfig(name="slide", channels=8, axes=2), table("rna", 3)])

    assert config.modality("slide").positions == PositionConfig(kind="physical")
    assert config.modality("rna").positions is None


def test_presets_take_any_other_field_and_refuse_the_rest() -> None:
    assert default([SLIDE], num_bins=6, depth=5).depth == 5
    assert published([published_modality("wsi", 9)], cross_heads=8).cross_heads == 8
    with pytest.raises(ConfigError, match="unknown model setting heads"):
        default([SLIDE], heads=3)
