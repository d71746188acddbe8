"""Training one member: epochs, the state on disk after each, progress, stopping on request."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

import torch

from healnet.bundle.model_bundle import Member
from healnet.bundle.weights import as_stored
from healnet.data.encode_progress import Progress
from healnet.exceptions import Cancelled
from healnet.model.config import HealNetConfig
from healnet.model.healnet import HealNet
from healnet.train.calibration import fold_into_head
from healnet.train.fold_plan import FoldPlan
from healnet.train.loop import EpochLosses, FoldRun, calibrate
from healnet.train.patients import EncodedPatients
from healnet.train.recipe import Recipe
from healnet.train.run_folder import RunFolder

DTYPES = {"float32": torch.float32, "float16": torch.float16}


@dataclass(kw_only=True)
class Reporter:
    """Tells how far a run is, and asks whether to go on.

    Attributes:
        recipe: Says how many epochs there can be.
        num_folds: Members to train.
        progress: Called after every epoch.
        cancelled: Asked after every epoch.
        epochs_run: Epochs trained in this process; those taken up from disk do not count.
    """

    recipe: Recipe
    num_folds: int
    progress: Callable[[Progress], None] | None = None
    cancelled: Callable[[], bool] | None = None
    epochs_run: int = 0
    started: float = field(default_factory=monotonic)

    def tell(self, *, fold: int, epoch: int) -> None:
        """Report an epoch.

        Raises:
            Cancelled: If the user asked to stop; what is done stays on disk.
        """
        self.epochs_run += 1
        rate = self.epochs_run / max(monotonic() - self.started, 1e-9)
        total = self.num_folds * self.recipe.epochs
        done = fold * self.recipe.epochs + epoch + 1
        if self.progress is not None:
            stage = f"training model {fold + 1} of {self.num_folds}, epoch {epoch + 1}"
            self.progress(
                Progress(
                    stage=stage,
                    done=done,
                    total=total,
                    rate_per_s=rate,
                    seconds_left=(total - done) / rate,
                )
            )
        if self.cancelled is not None and self.cancelled():
            raise Cancelled(
                "the training was stopped",
                where=f"model {fold + 1}, epoch {epoch + 1}",
                fix="start it again with the same settings to go on from here",
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class Sides:
    """The two sides of a fold that training sees."""

    fit: EncodedPatients
    stop: EncodedPatients


def train_member(
    network: HealNet, plan: FoldPlan, sides: Sides, *, folder: RunFolder, reporter: Reporter
) -> tuple[Member, list[EpochLosses]]:
    """Train one member to its best epoch, rounded to the precision in which it is stored.

    Args:
        network: With its first weights.
        plan: The fold.
        sides: Its patients.
        folder: Where states are kept; a state found there is taken up.
        reporter: Of progress and of the wish to stop.
    """
    recipe = reporter.recipe
    run = FoldRun(network=network, recipe=recipe, seed=fold_seed(recipe, plan.number))
    losses = folder.take_up(plan.number, run)
    while not run.is_over:
        losses.append(run.run_epoch(sides.fit, sides.stop))
        folder.keep(plan.number, run, losses)
        reporter.tell(fold=plan.number, epoch=run.epoch - 1)
    run.stopping.restore(network)
    fold_into_head(network, calibrate(network, sides.stop))
    rounded = _rounded(network.cpu(), DTYPES[recipe.stored_as])
    return Member(network=rounded, inputs=plan.inputs, time_bins=plan.time_bins), losses


def fold_seed(recipe: Recipe, number: int) -> int:
    """Return the seed of one fold."""
    return recipe.seed * 101 + number


def new_network(config: HealNetConfig, recipe: Recipe, number: int) -> HealNet:
    """Return a member with first weights of its own."""
    return HealNet(config, seed=fold_seed(recipe, number))


def _rounded(network: HealNet, dtype: torch.dtype) -> HealNet:
    rounded = {
        name: as_stored(value, dtype=dtype).to(value.dtype)
        for name, value in network.state_dict().items()
    }
    network.load_state_dict(rounded)
    return network
