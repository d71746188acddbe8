"""The folder of a run: what is written beside the model, and the state to go on from."""

import copy
import json
import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from healnet.bundle.atomic import atomic_write, refuse_strangers, remove_left_overs
from healnet.bundle.folder import MANIFEST, MAY_HOLD
from healnet.exceptions import TrainingError
from healnet.explain.csv_files import write_csv
from healnet.train.checkpoint import read_checkpoint, write_checkpoint
from healnet.train.fold_plan import FoldPlan
from healnet.train.loop import EpochLosses, FoldRun

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class RunFolder:
    """Where a run writes.

    Attributes:
        path: The model folder to be.
        digest: Hash of recipe and data; states of other runs are never taken up.
    """

    path: Path
    digest: str

    def __post_init__(self) -> None:
        """Refuse a folder that holds something else, or a model that is finished."""
        refuse_strangers(self.path, may_hold=MAY_HOLD)
        if (self.path / MANIFEST).exists():
            raise TrainingError(
                "a finished model is there already",
                code="TRAIN-DONE",
                where=self.path.name,
                why="it would be replaced by the new one",
                fix="choose a new folder; only a run that was stopped goes on in its own",
            )
        remove_left_overs(self.path)
        remove_left_overs(self.path / "training")
        self.path.mkdir(parents=True, exist_ok=True)

    def take_up(self, number: int, run: FoldRun) -> list[EpochLosses]:
        """Put a fold back to where it was left; return the losses so far."""
        state = read_checkpoint(self._state(number), digest=self.digest)
        if state is None:
            return []
        fresh = copy.deepcopy(run.state())
        try:
            rows = [EpochLosses(*row) for row in state.pop("losses")]  # type: ignore[attr-defined]
            run.load(state)
        except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
            _log.warning(
                "a training state cannot be used (%s); the fold starts again", type(error)
            )
            run.load(fresh)
            return []
        return rows

    def keep(self, number: int, run: FoldRun, losses: Sequence[EpochLosses]) -> None:
        """Write the state of a fold after an epoch."""
        state = {**run.state(), "losses": [list(one) for one in losses]}
        write_checkpoint(self._state(number), state, digest=self.digest)

    def write_losses(self, losses: Mapping[int, Sequence[EpochLosses]]) -> None:
        """Write ``metrics.jsonl``: one line an epoch and fold."""
        lines = [
            json.dumps({"fold": number, **one._asdict()}, allow_nan=False)
            for number, rows in losses.items()
            for one in rows
        ]
        atomic_write(self.path / "metrics.jsonl", "".join(f"{x}\n" for x in lines).encode())

    def write_folds(self, plans: Sequence[FoldPlan]) -> None:
        """Write ``folds.csv``: the part of every patient in every fold."""
        rows = [
            (case_id, plan.number, role)
            for plan in plans
            for role, ids in (
                ("train", plan.fit), ("stop", plan.stop), ("held_out", plan.held_out),
            )
            for case_id in ids
        ]  # fmt: skip
        atomic_write(
            self.path / "folds.csv", write_csv(("case_id", "fold", "role"), rows).encode()
        )

    def write_metrics(self, metrics: Mapping[str, object]) -> None:
        """Write ``metrics.json``."""
        text = json.dumps({"schema_version": 1, **metrics}, indent=1, allow_nan=False)
        atomic_write(self.path / "metrics.json", text.encode("utf-8"))

    def clear(self) -> None:
        """Remove the states: the model is whole."""
        shutil.rmtree(self.path / "training", ignore_errors=True)

    def _state(self, number: int) -> Path:
        return self.path / "training" / f"fold{number}.pt"
