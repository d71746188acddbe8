"""Early stopping brings back the best epoch, bit by bit."""

import torch
from torch import nn

from healnet.train.early_stopping import EarlyStopping


def train_step(model: nn.Module) -> None:
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter))


def test_the_best_epoch_comes_back_bit_by_bit() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    stopping = EarlyStopping(patience=9)
    losses = [0.9, 0.4, 0.6, 0.5]
    kept = {}

    for epoch, loss in enumerate(losses):
        train_step(model)
        stopping.watch(model, loss=loss, epoch=epoch)
        if epoch == 1:
            kept = {name: value.clone() for name, value in model.state_dict().items()}
    last = {name: value.clone() for name, value in model.state_dict().items()}
    stopping.restore(model)

    restored = model.state_dict()
    assert all(torch.equal(restored[name], kept[name]) for name in kept)
    assert not torch.equal(restored["0.weight"], last["0.weight"])


def test_training_ends_after_the_patience_and_not_before() -> None:
    model = nn.Linear(1, 1)
    stopping = EarlyStopping(patience=2)

    ends = []
    for epoch, loss in enumerate([3.0, 1.0, 2.0, 2.0, 2.0]):
        stopping.watch(model, loss=loss, epoch=epoch)
        ends.append(stopping.is_over)

    assert ends == [False, False, False, True, True]


def test_a_loss_that_is_not_a_number_is_never_the_best() -> None:
    model = nn.Linear(1, 1)
    stopping = EarlyStopping(patience=2)
    stopping.watch(model, loss=1.0, epoch=0)

    is_best = stopping.watch(model, loss=float("nan"), epoch=1)

    assert not is_best
    assert stopping.best_epoch == 0


def test_state_is_taken_up_where_it_was_left() -> None:
    model = nn.Linear(2, 2)
    first = EarlyStopping(patience=3)
    first.watch(model, loss=0.5, epoch=0)
    train_step(model)

    second = EarlyStopping(patience=3)
    second.load(first.state())
    second.watch(model, loss=0.7, epoch=1)
    second.restore(model)

    assert second.best_epoch == 0
    assert second.last_epoch == 1
    again = nn.Linear(2, 2)
    first.restore(again)
    assert torch.equal(again.weight, model.weight)
