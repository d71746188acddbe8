r"""The network: a latent array reads each modality that a patient has, layer after layer.

With latents :math:`S` (``latents``), tokens :math:`X_m`, :math:`J` layers and modalities in the
order of the configuration:

.. math::
    S \leftarrow S + \mathrm{softmax}\left(\frac{S W_q (X_m W_k)^T}{T \sqrt{d}}\right)
        X_m W_v W_o, \qquad S \leftarrow S + \mathrm{FF}_m(S)

(LayerNorms left out), then optional self-attention of the latents. A modality that a patient
lacks is skipped for that patient: its read, feed-forward and self-attention are the identity.

=================  ==========================================================
Paper              Here
=================  ==========================================================
:math:`S`          ``HealNet.latents`` (start), ``HealNetOutput.latents`` (end)
:math:`W_q, W_o`   ``layers[j].read[m].to_query``, ``.to_out``
:math:`W_k, W_v`   ``contexts[m].to_key_value[j]``
SNN block          ``layers[j].feedforward[m]``
Head               ``head``
=================  ==========================================================

Axis names: b patient, p patient who has the modality, h head, l latent, n token, d latent
channel, k time bin.
Source: Hemker et al., "HEALNet", NeurIPS 2024 (arXiv:2311.09115).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from einops import reduce, repeat
from jaxtyping import Float, Int
from torch import Tensor, nn

from healnet.exceptions import ModalityError
from healnet.model.availability import check_tokens
from healnet.model.config import HealNetConfig
from healnet.model.context import Memory, build_context
from healnet.model.fusion import FusionLayer, Visit, Wanted
from healnet.model.initialise import linear, normal
from healnet.model.tokens import Tokens


class LayerAttention(NamedTuple):
    """Attention of one layer and modality. Patients without the modality have rows of zeros."""

    layer: int  # from 0
    modality: str
    weights: Float[Tensor, "b h l n"]  # rows sum to 1 over n


class HealNetOutput(NamedTuple):
    """What the network returns. Nothing of it is kept inside the network."""

    logits: Float[Tensor, "b k"]  # of the discrete hazards
    latents: Float[Tensor, "b l d"]  # before pooling
    attention: tuple[LayerAttention, ...] = ()  # tokens, on request, in the order of reading
    latent_attention: tuple[LayerAttention, ...] = ()  # latents among themselves, on request


class Memories(NamedTuple):
    """Keys and values of every modality that anyone has: all that is left of the tokens."""

    batch_size: int
    of: Mapping[str, Memory]


class Step(NamedTuple):
    """One read of one modality in one layer."""

    layer: int
    modality: str
    rows: Int[Tensor, " p"] | None  # patients who read; None: everyone
    visit: Visit


class Fusion(NamedTuple):
    """The run through all layers: the answer, and every step that led to it."""

    logits: Float[Tensor, "b k"]
    latents: Float[Tensor, "b l d"]
    steps: tuple[Step, ...]


class HealNet(nn.Module):
    """The network of one :class:`HealNetConfig`.

    Args:
        config: What it is made of. Presets: ``model/presets.py``.
        seed: Of the initial weights, if no ``generator`` is given.
        generator: Draws the initial weights. The global random state is never touched.
    """

    def __init__(
        self, config: HealNetConfig, *, seed: int = 0, generator: torch.Generator | None = None
    ) -> None:
        super().__init__()
        draw = generator or torch.Generator().manual_seed(seed)
        self.config = config
        self.latents = normal(
            config.num_latents, config.latent_dim, scale=config.latent_scale, generator=draw
        )
        self.contexts = nn.ModuleDict(
            {one.name: build_context(one, config, draw) for one in config.modalities}
        )
        self.layers = nn.ModuleList(
            FusionLayer(
                config,
                shares_feedforward=config.weight_tying == "published" and index > 0,
                generator=draw,
            )
            for index in sorted(set(config.layer_modules))
        )
        self.head = nn.Sequential(
            nn.LayerNorm(config.latent_dim),
            linear(config.latent_dim, config.num_bins, generator=draw),
        )

    def forward(
        self,
        tokens: Mapping[str, Tokens],
        *,
        need_attention: bool = False,
        order: Sequence[str] | None = None,
    ) -> HealNetOutput:
        """Return the hazard logits of each patient.

        Args:
            tokens: By modality name. A name that is missing is absent for all patients.
            need_attention: Hold and return the attention weights of every layer (the size of
                heads x latents x tokens each). ``model/readout.py`` reads maps without that.
            order: Another reading order; the default is that of the configuration.

        Raises:
            ModalityError: If a modality is unknown, or a patient has none at all.
            ShapeError: If shapes, axes or channels are not those of the configuration.
            FeatureError: If a real token is not finite.
        """
        fusion = self.fuse(
            self.remember(tokens), wanted=Wanted(need_attention, need_attention), order=order
        )
        if not need_attention:
            return HealNetOutput(fusion.logits, fusion.latents)
        size = len(fusion.logits)
        return HealNetOutput(
            fusion.logits,
            fusion.latents,
            tuple(
                LayerAttention(step.layer, step.modality, _all_rows(weights, step.rows, size))
                for step in fusion.steps
                if (weights := step.visit.read.weights) is not None
            ),
            tuple(
                LayerAttention(step.layer, step.modality, _all_rows(weights, step.rows, size))
                for step in fusion.steps
                for weights in step.visit.latent_weights
            ),
        )

    def remember(self, tokens: Mapping[str, Tokens]) -> Memories:
        """Return the keys and values of all modalities: the only pass over the tokens.

        Raises:
            ModalityError, ShapeError, FeatureError: As :meth:`forward`.
        """
        batch_size, available = check_tokens(self.config, tokens, self.latents.device)
        return Memories(
            batch_size,
            {
                name: self.contexts[name](tokens[name], found)
                for name, found in available.items()
            },
        )

    def fuse(
        self,
        memories: Memories,
        *,
        wanted: Wanted = Wanted(),  # noqa: B008  (immutable)
        order: Sequence[str] | None = None,
    ) -> Fusion:
        """Return the logits and every step, from keys and values that were made before.

        Raises:
            ModalityError: If ``order`` is not an order of this model's modalities.
        """
        names = self._reading_order(order)
        latents: Tensor = repeat(self.latents, "l d -> b l d", b=memories.batch_size)
        steps = []
        for index, stored in enumerate(self.config.layer_modules):
            for name in names:
                if name not in memories.of:  # absent for everyone: nothing happens
                    continue
                memory = memories.of[name]
                readers = latents if memory.rows is None else latents[memory.rows]
                visit: Visit = self.layers[stored](
                    readers, name, memory.key_value[stored], memory.is_token, wanted
                )
                latents = (
                    visit.latents
                    if memory.rows is None
                    else latents.index_copy(0, memory.rows, visit.latents)
                )
                steps.append(Step(index, name, memory.rows, visit))
        logits = self.head(reduce(latents, "b l d -> b d", "mean"))
        return Fusion(logits, latents, tuple(steps))

    def _reading_order(self, order: Sequence[str] | None) -> tuple[str, ...]:
        if order is None:
            return self.config.names
        if sorted(order) != sorted(self.config.names):
            raise ModalityError(
                f"{', '.join(order)} is not an order of {', '.join(self.config.names)}"
            )
        return tuple(order)


def _all_rows(
    weights: Float[Tensor, "p h l n"], rows: Int[Tensor, " p"] | None, batch_size: int
) -> Float[Tensor, "b h l n"]:
    if rows is None:
        return weights
    everyone = weights.new_zeros(batch_size, *weights.shape[1:])
    return everyone.index_copy(0, rows, weights)
