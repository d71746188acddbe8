"""The loop: passes over the training patients, one fold at a time, the same on every run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from healnet.exceptions import TrainingError
from healnet.model.healnet import HealNet
from healnet.model.tokens import Tokens
from healnet.survival.loss import survival_nll
from healnet.train.calibration import Calibration, fit_calibration
from healnet.train.early_stopping import EarlyStopping
from healnet.train.modality_dropout import hide_features, hide_modalities
from healnet.train.optimiser import build_optimiser, learning_rate_at, set_learning_rate
from healnet.train.patients import Batch, EncodedPatients
from healnet.train.recipe import Recipe

_EVALUATED_AT_ONCE = 16


class EpochLosses(NamedTuple):
    """Mean loss of a pass, nats per patient."""

    epoch: int
    training: float
    validation: float
    learning_rate: float
    is_best: bool


@dataclass(kw_only=True)
class FoldRun:
    """One member in training: what changes from epoch to epoch.

    What is judged and kept is the moving average of the weights, which jumps less from step to
    step than the weights themselves. Source: Polyak and Juditsky, SIAM J. Control Optim. 1992.

    Attributes:
        network: The member.
        recipe: Every choice.
        seed: Of this fold; decides order, dropout and hidden modalities epoch by epoch.
        epoch: Next epoch.
    """

    network: HealNet
    recipe: Recipe
    seed: int
    epoch: int = 0

    def __post_init__(self) -> None:
        """Make the optimiser, the average and the early stopping."""
        self.optimiser = build_optimiser(
            self.network,
            learning_rate=self.recipe.learning_rate,
            weight_decay=self.recipe.weight_decay,
        )
        decay = get_ema_multi_avg_fn(self.recipe.averaging)  # type: ignore[no-untyped-call]
        self.average = AveragedModel(self.network, multi_avg_fn=decay)
        self.stopping = EarlyStopping(patience=self.recipe.patience)

    @property
    def is_over(self) -> bool:
        """Whether there is nothing left to train."""
        return self.epoch >= self.recipe.epochs or self.stopping.is_over

    def run_epoch(self, training: EncodedPatients, validation: EncodedPatients) -> EpochLosses:
        """Pass once over the training patients, then look at the validation patients."""
        generator = torch.Generator().manual_seed(_epoch_seed(self.seed, self.epoch))
        with torch.random.fork_rng(devices=[]):  # dropout draws from the global state
            torch.manual_seed(_epoch_seed(self.seed, self.epoch) + 1)
            training_loss = self._train(training, generator)
        averaged = cast("HealNet", self.average.module)
        loss = calibrate(averaged, validation).loss
        is_best = self.stopping.watch(averaged, loss=loss, epoch=self.epoch)
        self.epoch += 1
        rate = float(self.optimiser.param_groups[0]["lr"])
        return EpochLosses(self.epoch - 1, training_loss, loss, rate, is_best)

    def _train(self, training: EncodedPatients, generator: torch.Generator) -> float:
        recipe = self.recipe
        self.network.train()
        batches = torch.split(
            torch.randperm(len(training), generator=generator), recipe.batch_size
        )
        groups = [
            batches[start : start + recipe.accumulate]
            for start in range(0, len(batches), recipe.accumulate)
        ]
        total = 0.0
        for number, group in enumerate(groups):
            rate = learning_rate_at(
                self.epoch * len(groups) + number,
                total_steps=recipe.epochs * len(groups),
                warmup=recipe.warmup,
                peak=recipe.learning_rate,
            )
            set_learning_rate(self.optimiser, rate)
            total += self._step(training, group, generator)
        return total / len(training)

    def _step(
        self, training: EncodedPatients, group: tuple[Tensor, ...], generator: torch.Generator
    ) -> float:
        """Take one step from the gradients of several batches; return the summed loss."""
        size = sum(len(rows) for rows in group)
        self.optimiser.zero_grad()
        summed = 0.0
        for rows in group:
            batch = training.batch(
                rows, max_patches=self.recipe.max_patches, generator=generator
            )
            tokens = hide_features(
                batch.tokens, chance=self.recipe.feature_dropout, generator=generator
            )
            tokens = hide_modalities(
                tokens, chance=self.recipe.modality_dropout, generator=generator
            )
            loss = _loss(self.network, tokens, batch, alpha=self.recipe.alpha)
            torch.autograd.backward(loss * (len(rows) / size))
            summed += float(loss.detach()) * len(rows)
        if not torch.isfinite(torch.tensor(summed)):
            raise TrainingError(
                f"the loss is not a number in epoch {self.epoch + 1}",
                code="TRAIN-DIVERGED",
                why="the weights have run away",
                fix="lower learning_rate, or look for extreme values in the tables",
            )
        nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip_norm)
        self.optimiser.step()
        self.average.update_parameters(self.network)
        return summed

    def state(self) -> dict[str, object]:
        """Return everything needed to go on bit by bit as if nothing had happened."""
        return {
            "weights": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "stopping": self.stopping.state(),
            "epoch": self.epoch,
        }

    def load(self, state: Mapping[str, object]) -> None:
        """Take up the state that :meth:`state` returned."""
        self.network.load_state_dict(state["weights"])  # type: ignore[arg-type]
        self.average.load_state_dict(state["average"])  # type: ignore[arg-type]
        self.optimiser.load_state_dict(state["optimiser"])  # type: ignore[arg-type]
        self.stopping.load(state["stopping"])  # type: ignore[arg-type]
        self.epoch = int(state["epoch"])  # type: ignore[call-overload]


@torch.no_grad()
def calibrate(network: HealNet, patients: EncodedPatients) -> Calibration:
    """Return how sure the network may be, judged on patients who do not train it."""
    network.eval()
    device = network.latents.device
    logits = []
    for rows in torch.split(torch.arange(len(patients)), _EVALUATED_AT_ONCE):
        tokens = patients.batch(rows).tokens
        moved = {name: one.to(device) for name, one in tokens.items()}
        logits.append(network(moved).logits.cpu())
    time_bin, event = torch.from_numpy(patients.time_bin), torch.from_numpy(patients.event)
    return fit_calibration(torch.cat(logits), time_bin, event)


def _loss(
    network: HealNet, tokens: Mapping[str, Tokens], batch: Batch, *, alpha: float
) -> Float[Tensor, ""]:
    device = network.latents.device
    logits = network({name: one.to(device) for name, one in tokens.items()}).logits
    time_bin, event = batch.time_bin.to(device), batch.event.to(device)
    return survival_nll(logits, time_bin, event, alpha=alpha)


def _epoch_seed(seed: int, epoch: int) -> int:
    return (seed * 1_000_003 + epoch * 7919) % (2**31 - 2)
