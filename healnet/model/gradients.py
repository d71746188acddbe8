"""What moved a score: gradients with respect to tokens.

The keys and values of all layers are small; the score is differentiated with respect to them,
and the step from there to the tokens is made chunk by chunk. So a map over a bag of any size
needs no copy of the bag.

Axis names: b patient, n token, c channel, k time bin.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import torch
from einops import reduce
from jaxtyping import Float
from torch import Tensor

from healnet.model.availability import check_tokens
from healnet.model.context import BagContext, Memory
from healnet.model.healnet import HealNet, Memories
from healnet.model.projection import chunk_operands, values_gradient
from healnet.model.readout import check_given
from healnet.model.tokens import Tokens

Score = Callable[[Float[Tensor, "b k"]], Float[Tensor, " b"]]


def input_gradient(
    model: HealNet, tokens: Mapping[str, Tokens], modality: str, score: Score
) -> Float[Tensor, "b n c"]:
    """Return d score / d values of one modality, in the precision of the model.

    Args:
        model: In evaluation mode, or dropout makes the gradient random.
        tokens: By modality name.
        modality: Whose values.
        score: One number per patient from the hazard logits, e.g. the risk.

    Returns:
        Per value. Exactly 0 for padding and for patients without the modality. Of the size of
        the bag; for a map of a slide take :func:`gradient_times_input`.

    Raises:
        ModalityError: If the model does not know the modality, or it did not come.
    """
    check_given(model.config, tokens, modality)
    values = tokens[modality].values.detach().to(model.latents.dtype).requires_grad_()
    varied = {**tokens, modality: replace(tokens[modality], values=values)}
    with torch.enable_grad():
        total = score(model(varied).logits).sum()
    (gradient,) = torch.autograd.grad(total, values, allow_unused=True)
    return torch.zeros_like(values) if gradient is None else gradient


def gradient_times_input(
    model: HealNet,
    tokens: Mapping[str, Tokens],
    modality: str,
    score: Score,
    *,
    baseline: Float[Tensor, " c"] | None = None,
) -> Float[Tensor, "b n"]:
    """Return, per token, the gradient times (values - baseline), summed over channels.

    To first order, what the token adds to the score compared with the baseline: tokens with
    positive values raise it.

    Args:
        model: In evaluation mode.
        tokens: By modality name.
        modality: Whose tokens.
        score: One number per patient from the hazard logits.
        baseline: A token without information, e.g. the training mean; None: zeros.

    Raises:
        ModalityError: If the model does not know the modality, or it did not come.
    """
    check_given(model.config, tokens, modality)
    context, one = model.contexts[modality], tokens[modality]
    if not isinstance(context, BagContext):
        gradient = input_gradient(model, tokens, modality, score)
        values = one.values.to(gradient.dtype) - (0 if baseline is None else baseline)
        real = gradient != 0  # what stands under the mask may be anything
        return reduce(torch.where(real, values * gradient, 0), "b n c -> b n", "sum")
    _, available = check_tokens(model.config, tokens, model.latents.device)
    result = model.latents.new_zeros(one.values.shape[:2])
    if modality not in available:
        return result
    with torch.no_grad():
        memories, weights = model.remember(tokens), context.folded()
        source = context.source(one, available[modality])
        gradient = _memory_gradient(model, memories, modality, score).flatten(0, 1)
        flat = result.flatten()
        for chunk in source.chunks:
            operands = chunk_operands(weights, source, chunk)
            found = values_gradient(weights, operands, gradient[chunk.target])
            values = operands.values - (0 if baseline is None else baseline)
            flat[chunk.source] = (found * values).sum(dim=1)
    return flat.view_as(result)


def _memory_gradient(
    model: HealNet, memories: Memories, modality: str, score: Score
) -> Float[Tensor, "p n m"]:
    """Return d score / d keys and values, of all stored layers side by side."""
    memory = memories.of[modality]
    leaves = tuple(one.detach().requires_grad_() for one in memory.key_value)
    varied = {**memories.of, modality: Memory(memory.rows, memory.is_token, leaves)}
    with torch.enable_grad():
        total = score(model.fuse(Memories(memories.batch_size, varied)).logits).sum()
    return torch.cat(torch.autograd.grad(total, leaves), dim=-1)
