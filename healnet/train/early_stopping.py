"""Early stopping that keeps a true copy of the best weights."""

import copy
import math
from collections.abc import Mapping

from torch import Tensor, nn


class EarlyStopping:
    """Watches a loss; remembers the weights at its lowest; says when to stop.

    A ``state_dict`` shares its memory with the live weights, so the copy is deep: what is
    restored is the best epoch, bit by bit.

    Args:
        patience: Epochs without a lower loss before :attr:`is_over` turns true.
    """

    def __init__(self, *, patience: int) -> None:
        self.patience = patience
        self.best_loss = math.inf
        self.best_epoch = -1
        self.last_epoch = -1
        self._best: dict[str, Tensor] | None = None

    def watch(self, model: nn.Module, *, loss: float, epoch: int) -> bool:
        """Take note of an epoch's loss; return whether it was the best so far."""
        self.last_epoch = epoch
        if not loss < self.best_loss:
            return False
        self.best_loss, self.best_epoch = loss, epoch
        self._best = copy.deepcopy(model.state_dict())
        return True

    @property
    def is_over(self) -> bool:
        """Whether ``patience`` epochs have passed since the best one."""
        return self.last_epoch - self.best_epoch >= self.patience

    def restore(self, model: nn.Module) -> None:
        """Put the best weights back, bit by bit; the last ones stay if none was ever best."""
        if self._best is not None:
            model.load_state_dict(self._best)

    def state(self) -> dict[str, object]:
        """Return everything needed to go on later."""
        return {
            "best_loss": self.best_loss,
            "best_epoch": self.best_epoch,
            "last_epoch": self.last_epoch,
            "best": self._best,
        }

    def load(self, state: Mapping[str, object]) -> None:
        """Take up the state that :meth:`state` returned."""
        self.best_loss = float(state["best_loss"])  # type: ignore[arg-type]
        self.best_epoch = int(state["best_epoch"])  # type: ignore[call-overload]
        self.last_epoch = int(state["last_epoch"])  # type: ignore[call-overload]
        self._best = state["best"]  # type: ignore[assignment]
