"""A recipe is checked once, by name, and survives the way to a file and back."""

from pathlib import Path

import pytest
import torch
from torch import nn

from healnet.exceptions import ConfigError
from healnet.train.optimiser import build_optimiser, learning_rate_at
from healnet.train.recipe import Recipe, read_recipe


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("r.yaml", "epochs: 3\nmodel:\n  depth: 1\n"),
        ("r.json", '{"epochs": 3, "model": {"depth": 1}}'),
    ],
)
def test_a_file_of_either_kind_is_read(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)

    recipe = read_recipe(path)

    assert recipe == Recipe(epochs=3, model={"depth": 1})
    assert Recipe.from_dict(recipe.to_dict()) == recipe


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("epoch: 3", "epoch"),
        ("epochs: 0", "epochs"),
        ("epochs: many", "epochs"),
        ("epochs: true", "epochs"),
        ("learning_rate: .nan", "learning_rate"),
        ("folds: 1", "folds"),
        ("stored_as: int8", "stored_as"),
        ("model: 4", "model"),
        ("- 1", "bad.yaml"),
        ("a: [", "bad.yaml"),
        ("epochs: 3\nepochs: 4", "bad.yaml"),
        ('{"epochs": 3, "epochs": 4}', "bad.yaml"),
        ("model: {depth: 1, depth: 2}", "bad.yaml"),
        ("model: &a {depth: 1}\nname: *a", "bad.yaml"),
        ("epochs: " + "9" * 5000, "bad.yaml"),
        ("epochs: 0x" + "f" * 5000, "bad.yaml"),
        ("name: 2026-13-45", "bad.yaml"),
        ("!!python/object/apply:os.system ['true']", "bad.yaml"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(tmp_path: Path, text: str, where: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)

    with pytest.raises(ConfigError) as refusal:
        read_recipe(path)

    assert refusal.value.code == "TRAIN-CONFIG"
    assert refusal.value.where == where


def test_the_digest_changes_with_every_choice() -> None:
    assert Recipe().digest == Recipe().digest
    assert Recipe().digest != Recipe(seed=1).digest


def test_only_weight_matrices_decay() -> None:
    model = nn.Module()
    model.latents = nn.Parameter(torch.ones(4, 8))
    model.linear = nn.Linear(8, 2)
    model.norm = nn.LayerNorm(8)

    optimiser = build_optimiser(model, learning_rate=1e-3, weight_decay=0.1)

    decayed = {id(p) for g in optimiser.param_groups if g["weight_decay"] for p in g["params"]}
    assert decayed == {id(model.linear.weight)}
    counted = sum(len(group["params"]) for group in optimiser.param_groups)
    assert counted == len(list(model.parameters()))


def test_the_learning_rate_rises_peaks_and_falls_to_zero() -> None:
    rates = [learning_rate_at(s, total_steps=20, warmup=0.2, peak=1.0) for s in range(21)]

    assert rates[:4] == pytest.approx([0.25, 0.5, 0.75, 1.0])
    assert rates[4] == 1.0
    assert rates[12] == pytest.approx(0.5)
    assert rates[20] == pytest.approx(0.0)
    assert rates[4:] == sorted(rates[4:], reverse=True)
