"""Which tokens of a padded batch are read, in which pieces, and where their results go.

A batch of bags is looked at as one long list of tokens. Only real tokens of patients who have
the modality appear in the plan; padding and absent patients cost nothing and are never touched.
Axis names: b patient, p patient who has the modality, n token, t tokens of the whole batch.
"""

from itertools import pairwise
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from healnet.model.availability import Availability
from healnet.model.config import PositionConfig
from healnet.model.tokens import Tokens

# 4,096 tokens x 1,280 channels and their keys and values stay in the last cache level.
CPU_CHUNK = 4096
GPU_CHUNK = 65536
MIN_RUN = 256  # tokens; shorter runs are gathered, longer ones are read in place


class Chunk(NamedTuple):
    """Some tokens: where they stand in the batch, and in the compact result."""

    source: slice | Int[Tensor, " k"]
    target: slice | Int[Tensor, " k"]


class Readings(NamedTuple):
    """The tokens of one chunk, in the precision of the model."""

    values: Float[Tensor, "k c"]
    coords: Float[Tensor, "k a"] | None


class TokenSource(NamedTuple):
    """A batch of bags as one list of tokens, and the plan to read it."""

    values: Float[Tensor, "t c"]
    coords: Float[Tensor, "t a"] | None
    chunks: tuple[Chunk, ...]
    num_targets: int
    is_full: bool  # every target row is written
    positions: PositionConfig | None

    def read(self, chunk: Chunk, dtype: torch.dtype) -> Readings:
        """Return the tokens of a chunk; a view where they lie in one piece and need no cast."""
        coords = None if self.coords is None else self.coords[chunk.source].to(dtype)
        return Readings(self.values[chunk.source].to(dtype), coords)


def token_source(
    tokens: Tokens,
    available: Availability,
    positions: PositionConfig | None,
    chunk_size: int | None = None,
) -> TokenSource:
    """Return the reading plan of one modality. The bag is not copied if it is contiguous."""
    size = chunk_size or (CPU_CHUNK if tokens.values.device.type == "cpu" else GPU_CHUNK)
    num_patients = tokens.batch_size if available.rows is None else len(available.rows)
    coords = tokens.coords if positions is not None else None
    return TokenSource(
        values=tokens.values.flatten(0, 1),
        coords=None if coords is None else coords.flatten(0, 1),
        chunks=plan_chunks(available, num_patients, tokens.num_tokens, size),
        num_targets=num_patients * tokens.num_tokens,
        is_full=available.is_token is None,
        positions=positions,
    )


def plan_chunks(
    available: Availability, num_patients: int, num_tokens: int, chunk_size: int
) -> tuple[Chunk, ...]:
    """Return chunks that cover every real token exactly once."""
    if available.rows is None and available.is_token is None:
        total = num_patients * num_tokens
        runs = [slice(i, min(i + chunk_size, total)) for i in range(0, total, chunk_size)]
        return tuple(Chunk(run, run) for run in runs)
    source, target = _indices(available, num_patients, num_tokens)
    breaks = (source.diff() != 1).nonzero().squeeze(-1) + 1
    if (len(breaks) + 1) * MIN_RUN > len(source):
        pieces = zip(
            torch.split(source, chunk_size), torch.split(target, chunk_size), strict=True
        )
        return tuple(Chunk(*piece) for piece in pieces)
    edges = [0, *breaks.tolist(), len(source)]
    return tuple(
        Chunk(_run(source, start, stop), _run(target, start, stop))
        for first, last in pairwise(edges)
        for start in range(first, last, chunk_size)
        for stop in (min(start + chunk_size, last),)
    )


def _indices(
    available: Availability, num_patients: int, num_tokens: int
) -> tuple[Int[Tensor, " k"], Int[Tensor, " k"]]:
    if available.is_token is not None:
        target = available.is_token.flatten().nonzero().squeeze(-1)
    elif available.rows is not None:
        target = torch.arange(num_patients * num_tokens, device=available.rows.device)
    if available.rows is None:
        return target, target
    patient = target // num_tokens
    return target + (available.rows[patient] - patient) * num_tokens, target


def _run(index: Int[Tensor, " k"], start: int, stop: int) -> slice:
    first = int(index[start])
    return slice(first, first + stop - start)
