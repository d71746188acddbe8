"""From a case to its prediction: computed once for the same inputs, model and code.

Results are kept by the hash of everything that made them. Nothing is found by case id alone, so
a changed file, pixel size or model is always another result.
"""

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from typing import TYPE_CHECKING

from app import models
from app.case_tables import forget_rows, table_row
from app.store.records import CaseRecord
from app.store.results import Headline, result_key
from app.store.workspace import Workspace
from healnet.exceptions import HealNetError

if TYPE_CHECKING:
    from healnet.bundle.model_bundle import ModelBundle
    from healnet.data.case import Case
    from healnet.data.feature_store import PatchFeatures
    from healnet.explain.prediction import Prediction

MAX_KEPT = 6  # each holds the features of its slide


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """A prediction with the hash of everything that made it, and how long it took.

    Attributes:
        key: See :func:`app.store.results.result_key`.
        seconds: Time of the computation on this machine.
    """

    prediction: "Prediction"
    key: str
    seconds: float


class PredictionCache:
    """The latest predictions, found by content; one computation at a time."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Result] = OrderedDict()
        self._lock = threading.Lock()

    def predict(
        self,
        workspace: Workspace,
        record: CaseRecord,
        bundle: "ModelBundle",
        *,
        features: "tuple[PatchFeatures, ...]",
        is_final: bool = True,
    ) -> Result:
        """Return the prediction of a case.

        Args:
            workspace: Where the headline and the audit line are written.
            record: The case with its tables.
            bundle: The model.
            features: Encoded patches of its slides; empty means no slide.
            is_final: False while a job still encodes: such results are not remembered.

        Raises:
            HealNetError: If the case has nothing that this model reads, or does not fit it.
        """
        key = _key(workspace, record, bundle, features)
        with self._lock:
            result = self._kept.get(key)
            is_new = result is None
            if result is None:
                result = _timed(key, record, bundle, features)
            self._kept[key] = result
            self._kept.move_to_end(key)
            while len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
            # a change that was taken back has dropped the headline, not the result
            if is_final and (is_new or not workspace.results.has(key)):
                _remember(workspace, key, result.prediction)
        return result

    def forget(self, key: str) -> None:
        """Drop a result, so that it is computed anew."""
        with self._lock:
            self._kept.pop(key, None)

    def forget_case(self, case_id: str) -> None:
        """Drop every result of a case, and the rows that were read from its tables."""
        with self._lock:
            for key in [
                k for k, one in self._kept.items() if one.prediction.case_id == case_id
            ]:
                del self._kept[key]
        forget_rows()


@lru_cache(maxsize=1)
def cache() -> PredictionCache:
    """Return the one cache of this process."""
    return PredictionCache()


def check_owner(prediction: "Prediction", case_id: str) -> None:
    """Refuse to show a result under the name of another case.

    Raises:
        HealNetError: If the result was made for another case.
    """
    if prediction.case_id != case_id:
        raise HealNetError(
            "this result belongs to another case",
            code="RESULT-OWNER",
            why="a number under a wrong name is worse than none",
            fix="open the case again from the list",
        )


def code_version() -> str:
    """Return the version of this software."""
    try:
        return metadata.version("healnet-app")
    except metadata.PackageNotFoundError:
        return "0.1.0+source"


def make_case(record: CaseRecord, features: "tuple[PatchFeatures, ...]") -> "Case":
    """Return the inputs of a case: its encoded slides and its row of each table."""
    from healnet.data.case import Case  # noqa: PLC0415  (loads torch)

    tables = {file.role: table_row(file) for file in record.tables}
    return Case(case_id=record.id, slides=features, tables=tables)


def _timed(
    key: str,
    record: CaseRecord,
    bundle: "ModelBundle",
    features: "tuple[PatchFeatures, ...]",
) -> Result:
    started = time.perf_counter()
    prediction = _compute(record, bundle, features)
    seconds = time.perf_counter() - started
    return Result(prediction=prediction, key=key, seconds=seconds)


def _compute(
    record: CaseRecord, bundle: "ModelBundle", features: "tuple[PatchFeatures, ...]"
) -> "Prediction":
    from healnet.predict import predict_case  # noqa: PLC0415  (loads torch)

    prediction = predict_case(bundle, make_case(record, features))
    check_owner(prediction, record.id)
    return prediction


def _key(
    workspace: Workspace,
    record: CaseRecord,
    bundle: "ModelBundle",
    features: "tuple[PatchFeatures, ...]",
) -> str:
    hashes = [
        f"{file.role}:{file.row_key}:{workspace.file_sha256(file)}" for file in record.tables
    ]
    hashes += [f"slide:{index}:{part.source_sha256}" for index, part in enumerate(features)]
    hashes.append(f"mpp:{record.slide_mpp}")
    return result_key(
        case_id=record.id,
        input_hashes=hashes,
        model_sha256=bundle.sha256,
        code_version=code_version(),
    )


def _remember(workspace: Workspace, key: str, prediction: "Prediction") -> None:
    workspace.results.remember(
        key,
        Headline(
            case_id=prediction.case_id,
            model_key=models.shipped_key(workspace),
            risk=prediction.risk,
            percentile=prediction.risk_percentile,
            group=prediction.risk_group,
            num_warnings=len(prediction.warnings),
        ),
    )
    workspace.audit.append(
        "prediction",
        {
            "case": prediction.case_id,
            "model_sha256": prediction.model_sha256,
            "code_version": code_version(),
            "inputs": [{"role": one.role, "sha256": one.sha256} for one in prediction.inputs],
            "modalities_used": list(prediction.modalities_used),
            "risk": float(prediction.risk).hex(),
            "warnings": [notice.code for notice in prediction.warnings],
            "result_key": key,
        },
    )
