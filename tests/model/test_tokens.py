"""Tokens: what fits together, grids, and every mismatch with the configuration."""

from dataclasses import replace

import jaxtyping
import pytest
import torch

from healnet.exceptions import ShapeError
from healnet.model.healnet import HealNet
from healnet.model.presets import bag, default, table
from healnet.model.tokens import Tokens

VALUES = torch.zeros(2, 3, 4)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"coords": torch.zeros(2, 4, 2)}, r"coords .* \(2, 4\), values for \(2, 3\)"),
        ({"coords": torch.zeros(1, 3, 2)}, "coords does not belong to values"),
        ({"is_token": torch.ones(2, 4).bool()}, "is_token does not belong to values"),
        ({"present": torch.ones(3).bool()}, "present does not belong to values"),
    ],
)
def test_parts_that_do_not_belong_together_are_refused(
    parts: dict[str, object], message: str
) -> None:
    with pytest.raises(ShapeError, match=message):
        Tokens(VALUES, **parts)


def test_values_without_a_token_axis_are_refused() -> None:
    jaxtyping.config.update("jaxtyping_disable", True)  # the types would say it first
    try:
        with pytest.raises(ShapeError, match=r"\(patients, tokens, channels\); got 2 axes"):
            Tokens(VALUES[0])
    finally:
        jaxtyping.config.update("jaxtyping_disable", False)


def test_tokens_on_another_device_are_refused() -> None:
    model = HealNet(default([table("rna", 5)]))

    with pytest.raises(ShapeError, match="'rna' is on meta, the model on cpu"):
        model({"rna": GOOD["rna"].to("meta")})


def test_a_grid_becomes_tokens_row_by_row_with_corners_at_one() -> None:
    grid = torch.arange(2 * 2 * 3 * 5).reshape(2, 2, 3, 5).float()

    tokens = Tokens.from_grid(grid)

    assert torch.equal(tokens.values, grid.reshape(2, 6, 5))
    assert tokens.coords is not None
    expected = [[-1, -1], [-1, 0], [-1, 1], [1, -1], [1, 0], [1, 1]]
    assert tokens.coords[1].tolist() == expected


def test_a_grid_of_short_floats_keeps_precise_coordinates() -> None:
    tokens = Tokens.from_grid(torch.zeros(1, 1001, 2, dtype=torch.float16))

    assert tokens.coords is not None
    assert tokens.coords.dtype == torch.float32
    assert len(tokens.coords[0].unique()) == 1001


def test_tokens_move_whole() -> None:
    tokens = Tokens(VALUES, present=torch.ones(2).bool()).to("meta")

    assert tokens.values.device.type == "meta"
    assert tokens.present is not None
    assert tokens.present.device.type == "meta"
    assert tokens.coords is None


GOOD = {
    "slide": Tokens(torch.zeros(2, 3, 4), coords=torch.zeros(2, 3, 2)),
    "rna": Tokens(torch.zeros(2, 5, 1)),
}


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("slide", {"coords": None}, "'slide' came without coordinates; this model expects 2"),
        ("slide", {"coords": torch.zeros(2, 3, 3)}, "came with 3 coordinate axes.*expects 2"),
        ("rna", {"coords": torch.zeros(2, 5, 1)}, "came with 1 coordinate axes.*expects 0"),
        ("rna", {"values": torch.zeros(2, 6, 1)}, "'rna' came with 6 features.*expects 5"),
        ("rna", {"values": torch.zeros(2, 1, 5)}, "'rna' came with 5 channels.*expects 1"),
        ("rna", {"values": torch.zeros(3, 5, 1)}, "different batch sizes: slide 2, rna 3"),
        (
            "slide",
            {"values": torch.zeros(2, 0, 4), "coords": torch.zeros(2, 0, 2)},
            "batch row 0",
        ),
        (
            "slide",
            {"is_token": torch.tensor([[True] * 3, [False] * 3])},
            r"batch row 1: 'slide' is marked present but has no real token",
        ),
    ],
)
def test_a_mismatch_is_named(name: str, change: dict[str, object], message: str) -> None:
    model = HealNet(default([bag("slide", 4), table("rna", 5)]))

    with pytest.raises(ShapeError, match=message):
        model({**GOOD, name: replace(GOOD[name], **change)})


def test_an_absent_patient_may_have_an_empty_bag() -> None:
    model = HealNet(default([bag("slide", 4), table("rna", 5)])).eval()
    nobody = Tokens(
        torch.zeros(2, 0, 4),
        coords=torch.zeros(2, 0, 2),
        present=torch.zeros(2, dtype=torch.bool),
    )

    logits = model({**GOOD, "slide": nobody}).logits

    assert torch.equal(logits, model({"rna": GOOD["rna"]}).logits)
