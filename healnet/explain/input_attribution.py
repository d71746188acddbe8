"""Integrated gradients of one member for all the inputs of a case, on one path.

Axis names: p point of the path, n token, c channel, m keys and values of one stored layer.
"""

from collections.abc import Mapping
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from healnet.explain.integrated_gradients import Attributions, integrated_gradients
from healnet.model.context import Memory
from healnet.model.gradients import Score
from healnet.model.healnet import HealNet, Memories
from healnet.model.tokens import Tokens

_FIRST_NODES = 16
_MOST_NODES = 128
_TOKENS_AT_ONCE = 131_072
_MOST_TOKENS = 4_000_000  # over all nodes, past the first ones

Mean = Float[Tensor, " c"]


def attribute_inputs(
    model: HealNet,
    tokens: Mapping[str, Tokens],
    *,
    score: Score,
    bag_means: Mapping[str, Mean] | None = None,
    tolerance: float = 1e-3,
) -> Attributions:
    """Return what each table value, and each bag as a whole, did to the score.

    Everything moves together on one straight path: table values from their training means
    (zero, since they are standardised), a bag from its training mean in place of every token,
    so that all attributions add up to one difference, that from the average patient. A bag's
    path runs through its keys and values, which are made once. The number of nodes is doubled
    until the convergence delta is within the tolerance, or the work gets too much.

    Args:
        model: One member.
        tokens: One patient, only modalities that the patient has.
        score: From logits to one number.
        bag_means: Mean training token of each bag that moves; other bags stay as they are.
        tolerance: Largest wanted delta, in units of the score.

    Returns:
        Per table one value a feature, "1 n 1"; per bag that moves one value, "1 1 1".
    """
    path = _Path(model, tokens, bag_means or {})
    size = sum(one.num_tokens for one in tokens.values())
    nodes = _FIRST_NODES
    while True:
        found = integrated_gradients(
            lambda values: score(model.fuse(path.memories(values)).logits),
            path.end,
            path.start,
            num_nodes=nodes,
            batch_size=max(_TOKENS_AT_ONCE // size, 1),
        )
        is_too_much = nodes >= _MOST_NODES or 2 * nodes * size > _MOST_TOKENS
        if abs(found.delta) <= tolerance or is_too_much:
            return Attributions(path.by_modality(found.by_input), found.delta)
        nodes *= 2


class _Path:
    """Where the path starts and ends, and the memories at a place on it.

    Inputs are named by modality for tables, and by modality and stored layer for bags.
    """

    def __init__(
        self, model: HealNet, tokens: Mapping[str, Tokens], bag_means: Mapping[str, Mean]
    ) -> None:
        self.model = model
        self.tables = {name: tokens[name] for name in _table_names(model) if name in tokens}
        self.end = {name: _without_gaps(one) for name, one in self.tables.items()}
        self.start = {name: torch.zeros_like(value) for name, value in self.end.items()}
        bags = {name: one for name, one in tokens.items() if name not in self.tables}
        with torch.no_grad():
            self.bags = dict(model.remember(bags).of) if bags else {}
            means = {
                name: replace(bags[name], values=mean.expand(bags[name].values.shape))
                for name, mean in bag_means.items()
                if name in bags
            }
            begins = dict(model.remember(means).of) if means else {}
        self.moving = {
            name: tuple(f"{name}/{layer}" for layer in range(len(memory.key_value)))
            for name, memory in begins.items()
        }
        for name, layers in self.moving.items():
            self.end |= dict(zip(layers, self.bags[name].key_value, strict=True))
            self.start |= dict(zip(layers, begins[name].key_value, strict=True))

    def memories(self, values: Mapping[str, Float[Tensor, "p n m"]]) -> Memories:
        """Return what the layers read at these places, one patient a place."""
        found = dict(self.bags)
        for name, layers in self.moving.items():
            places = tuple(values[layer] for layer in layers)
            found[name] = Memory(None, found[name].is_token, places)
        moved = {name: _with(one, values[name]) for name, one in self.tables.items()}
        if moved:
            found |= self.model.remember(moved).of
        return Memories(len(next(iter(values.values()))), found)

    def by_modality(self, by_input: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return attributions by modality, those of a bag summed over its tokens."""
        found = {name: by_input[name] for name in self.tables}
        for name, layers in self.moving.items():
            total = torch.stack([by_input[one].sum() for one in layers]).sum()
            found[name] = total.view(1, 1, 1)
        return found


def _table_names(model: HealNet) -> tuple[str, ...]:
    return tuple(one.name for one in model.config.modalities if one.is_table)


def _with(one: Tokens, values: Tensor) -> Tokens:
    is_token = None if one.is_token is None else one.is_token.expand(len(values), -1)
    return Tokens(values, is_token=is_token)


def _without_gaps(one: Tokens) -> Tensor:
    """Return the values with 0 (the baseline) where nothing was measured."""
    if one.is_token is None:
        return one.values.float()
    return torch.where(one.is_token[..., None], one.values.float(), 0.0)
