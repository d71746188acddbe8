"""First weights from the training patients' data: values along their principal axes.

A mean over hundreds of random tokens says almost nothing of a patient, and a few hundred
patients do not suffice to learn better directions from the outcome alone. So a member starts
where the values of each modality, averaged over a patient's tokens, are that patient's leading
principal components, and attention is nearly uniform. Only training patients
are looked at, never their outcome; everything stays free to move.
Axis names: s patient, n token, c channel, p feature, k axis.
"""

from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from healnet.model.context import BagContext, TableContext
from healnet.model.healnet import HealNet
from healnet.train.patients import EncodedPatients

KEY_SCALE = 0.1  # of the first keys: attention starts close to uniform
PATIENTS_PER_AXIS = 10  # the usual rule for covariates of a regression
FEWEST_AXES = 4


@torch.no_grad()
def start_at_principal_axes(network: HealNet, patients: EncodedPatients) -> None:
    """Turn the first weights of ``network`` towards the principal axes of these patients.

    Modalities that fewer than two patients have keep their random start.

    Args:
        network: With random first weights; changed in place.
        patients: Training patients of the fold.
    """
    for name, context in network.contexts.items():
        owners = [case.tokens[name] for case in patients.cases if name in case.tokens]
        if len(owners) < 2:  # noqa: PLR2004
            continue
        if isinstance(context, TableContext):
            rows = [torch.from_numpy(one.values[:, 0]).float() for one in owners]
            _start_table(context, torch.stack(rows).nan_to_num())
        elif isinstance(context, BagContext) and not context.codes_inside:
            means = [_mean_token(torch.from_numpy(one.values)) for one in owners]
            _start_bag(context, torch.stack(means))


@torch.no_grad()
def start_at_base_hazards(network: HealNet, patients: EncodedPatients) -> None:
    """Let the untrained network give every patient the hazards of the whole training side.

    Args:
        network: With random first weights; its head is changed in place.
        patients: Training patients of the fold.
    """
    head = cast("nn.Linear", network.head[-1])
    time_bin, event = torch.from_numpy(patients.time_bin), torch.from_numpy(patients.event)
    bins = torch.arange(head.out_features)
    at_risk = (time_bin[:, None] >= bins).sum(dim=0)
    events = ((time_bin[:, None] == bins) & event[:, None]).sum(dim=0)
    hazards = (events + 0.5) / (at_risk + 1.0)  # half an event more: never 0, never 1
    head.weight.zero_()
    head.bias.copy_(torch.logit(hazards))


def principal_axes(
    patients: Float[Tensor, "s c"], most: int
) -> tuple[Float[Tensor, "k c"], Float[Tensor, " c"]]:
    """Return at most so many leading principal axes, one per ten patients, and the mean.

    The patients' projections on the strongest have a deviation of 1, those on the others the
    square root of what they would have beside it: the strongest axis of a slide is its stain,
    and what tells patients apart comes later, while the last axes are noise.
    """
    mean = patients.mean(dim=0)
    _, singular, axes = torch.linalg.svd(patients - mean, full_matrices=False)
    variance = singular.square() / len(patients)
    told_apart = int((variance > max(float(variance[0]), 1e-12) * 1e-6).sum())
    kept = min(most, told_apart, max(FEWEST_AXES, len(patients) // PATIENTS_PER_AXIS))
    deviation = variance[:kept].sqrt()
    return axes[:kept] / (deviation * deviation[:1]).sqrt()[:, None], mean


def _start_bag(context: BagContext, means: Float[Tensor, "s c"]) -> None:
    for norm, project in zip(context.norm, context.to_key_value, strict=True):
        weight = cast("nn.Linear", project).weight
        inner = weight.shape[0] // 2
        axes, mean = principal_axes(means, inner)
        weight[:inner] *= KEY_SCALE
        weight[inner : inner + len(axes)] = axes
        cast("nn.LayerNorm", norm).bias.copy_(-mean)


def _start_table(context: TableContext, values: Float[Tensor, "s p"]) -> None:
    num_features, dim = context.direction.shape
    axes, _ = principal_axes(values, dim)
    context.direction[:, : len(axes)] = axes.T * num_features
    for project in context.to_key_value:
        weight = cast("nn.Linear", project).weight
        weight[: weight.shape[0] // 2] *= KEY_SCALE / num_features**0.5


def _mean_token(values: Float[Tensor, "n c"]) -> Float[Tensor, " c"]:
    """Return the mean of a bag's tokens after their LayerNorm."""
    return nn.functional.layer_norm(values.float(), values.shape[-1:]).mean(dim=0)
