"""What moved a score: gradients with respect to tokens.

A bag passes a LayerNorm first, so the score does not change when a token is scaled, and the
plain product of gradient and values is zero by construction. The maps here therefore work on
what comes behind it: the keys and values of all layers, linear in the normalised token. They
are small, so that a map over a bag of any size needs no copy of the bag, and each further
gradient costs only the attention.

Axis names: b patient, p patient who has the modality, n token, c channel, k time bin, m keys
and values of one stored layer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from healnet.model.availability import check_tokens
from healnet.model.context import Memory
from healnet.model.healnet import HealNet, Memories
from healnet.model.readout import check_given
from healnet.model.tokens import Tokens

Score = Callable[[Float[Tensor, "b k"]], Float[Tensor, " b"]]
KeyValues = tuple[Float[Tensor, "p n m"], ...]


def gradient_times_input(
    model: HealNet,
    tokens: Mapping[str, Tokens],
    modality: str,
    score: Score,
    *,
    baseline: Float[Tensor, " c"] | None = None,
) -> Float[Tensor, "b n"]:
    """Return, to first order, what each token adds to the score compared with the baseline.

    Gradient times difference to the baseline, in the keys and values; for a table that is the
    gradient times the value. Positive tokens raise the score.

    Args:
        model: In evaluation mode.
        tokens: By modality name.
        modality: Whose tokens.
        score: One number per patient from the hazard logits.
        baseline: Values of a token without information, e.g. the training mean; None: zeros.

    Raises:
        ModalityError: If the model does not know the modality, or it did not come.
    """
    return _map_along(model, tokens, modality, score, baseline=baseline, points=(1.0,))


def integrated_gradient_map(
    model: HealNet,
    tokens: Mapping[str, Tokens],
    modality: str,
    score: Score,
    *,
    baseline: Float[Tensor, " c"] | None = None,
    num_points: int = 16,
) -> Float[Tensor, "b n"]:
    """Return what each token adds to the score, on the straight way from baseline to tokens.

    The way runs through the keys and values, all tokens of the modality together. The sum over
    tokens is the score minus the score with every token at the baseline, up to the midpoint
    rule's error.

    Args:
        model: In evaluation mode.
        tokens: By modality name.
        modality: Whose tokens.
        score: One number per patient from the hazard logits.
        baseline: Values of a token without information, e.g. the training mean; None: zeros.
        num_points: Gradients along the way. Each costs the attention, not another sweep.

    Raises:
        ModalityError: If the model does not know the modality, or it did not come.

    Source: Sundararajan et al., ICML 2017.
    """
    points = [(index + 0.5) / num_points for index in range(num_points)]
    return _map_along(model, tokens, modality, score, baseline=baseline, points=points)


@torch.no_grad()
def _map_along(
    model: HealNet,
    tokens: Mapping[str, Tokens],
    modality: str,
    score: Score,
    *,
    baseline: Float[Tensor, " c"] | None,
    points: Sequence[float],
) -> Float[Tensor, "b n"]:
    check_given(model.config, tokens, modality)
    one, memories = tokens[modality], model.remember(tokens)
    result = model.latents.new_zeros(one.values.shape[:2])
    if modality not in memories.of:
        return result
    memory = memories.of[modality]
    start = _baseline_memory(model, tokens, modality, baseline).key_value
    steps = [end - begin for end, begin in zip(memory.key_value, start, strict=True)]
    found = torch.zeros_like(steps[0][..., 0])
    for point in points:
        place = tuple(
            torch.add(begin, step, alpha=point)
            for begin, step in zip(start, steps, strict=True)
        )
        gradients = _memory_gradients(model, memories, modality, place, score)
        for gradient, step in zip(gradients, steps, strict=True):
            found += (gradient * step).sum(dim=-1) / len(points)
    return found if memory.rows is None else result.index_copy(0, memory.rows, found)


def _baseline_memory(
    model: HealNet,
    tokens: Mapping[str, Tokens],
    modality: str,
    baseline: Float[Tensor, " c"] | None,
) -> Memory:
    """Return the memory of the same bag with the baseline in place of every token."""
    one = tokens[modality]
    if baseline is None:
        baseline = model.latents.new_zeros(one.values.shape[-1])
    everywhere = replace(one, values=baseline.expand(one.values.shape))
    _, available = check_tokens(model.config, tokens, model.latents.device)
    memory: Memory = model.contexts[modality](everywhere, available[modality])
    return memory


def _memory_gradients(
    model: HealNet, memories: Memories, modality: str, key_value: KeyValues, score: Score
) -> KeyValues:
    """Return d score / d keys and values at one place."""
    memory = memories.of[modality]
    leaves = tuple(one.detach().requires_grad_() for one in key_value)
    varied = {**memories.of, modality: Memory(memory.rows, memory.is_token, leaves)}
    with torch.enable_grad():
        total = score(model.fuse(Memories(memories.batch_size, varied)).logits).sum()
    return torch.autograd.grad(total, leaves)
