"""Integrated gradients of one member for all the tables of a case, the slide held fixed."""

from collections.abc import Mapping

import torch
from torch import Tensor

from healnet.explain.integrated_gradients import Attributions, integrated_gradients
from healnet.model.config import ModalityConfig
from healnet.model.gradients import Score
from healnet.model.healnet import HealNet, Memories
from healnet.model.tokens import Tokens

_FIRST_NODES = 16
_MOST_NODES = 128
_TOKENS_AT_ONCE = 131_072


def attribute_tables(
    model: HealNet, tokens: Mapping[str, Tokens], *, score: Score, tolerance: float = 1e-4
) -> Attributions:
    """Return what each table value did to the score, compared with the training mean.

    All tables move together on one straight path from their training means (zero, since values
    are standardised) to the patient's values, so that the attributions of all tables add up to
    one difference. Bags are read once and held fixed. The number of nodes is doubled until the
    convergence delta is within the tolerance.

    Args:
        model: One member.
        tokens: One patient, only modalities that the patient has.
        score: From logits to one number.
        tolerance: Largest wanted delta, in units of the score.
    """
    tables = {one.name: tokens[one.name] for one in _tables(model) if one.name in tokens}
    bags = {name: one for name, one in tokens.items() if name not in tables}
    with torch.no_grad():
        fixed = dict(model.remember(bags).of) if bags else {}
    size = sum(one.num_tokens for one in tokens.values())

    def score_of(values: dict[str, Tensor]) -> Tensor:
        moved = {name: _with(tables[name], value) for name, value in values.items()}
        read = model.remember(moved)
        together = Memories(read.batch_size, {**fixed, **read.of})
        return score(model.fuse(together).logits)

    inputs = {name: _without_gaps(one) for name, one in tables.items()}
    baselines = {name: torch.zeros_like(value) for name, value in inputs.items()}
    nodes = _FIRST_NODES
    while True:
        found = integrated_gradients(
            score_of,
            inputs,
            baselines,
            num_nodes=nodes,
            batch_size=max(_TOKENS_AT_ONCE // size, 1),
        )
        if abs(found.delta) <= tolerance or nodes >= _MOST_NODES:
            return found
        nodes *= 2


def _tables(model: HealNet) -> tuple[ModalityConfig, ...]:
    return tuple(one for one in model.config.modalities if one.is_table)


def _with(one: Tokens, values: Tensor) -> Tokens:
    is_token = None if one.is_token is None else one.is_token.expand(len(values), -1)
    return Tokens(values, is_token=is_token)


def _without_gaps(one: Tokens) -> Tensor:
    """Return the values with 0 (the baseline) where nothing was measured."""
    if one.is_token is None:
        return one.values.float()
    return torch.where(one.is_token[..., None], one.values.float(), 0.0)
