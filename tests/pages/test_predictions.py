"""Predictions: the same bits again, once for many askers, never of other inputs."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from app.predictions import PredictionCache, cache
from app.reading import read_case
from app.store.cases import NewFile
from app.store.workspace import Workspace


def test_many_askers_get_one_computation_and_one_audit_line(study: Workspace) -> None:
    case = study.study.list()[0]
    cache().forget(read_case(study, case).result_key)
    before = len(study.audit.lines())

    with ThreadPoolExecutor(4) as pool:
        reads = list(pool.map(lambda _n: read_case(study, case), range(8)))

    assert len({id(read.result) for read in reads}) == 1
    assert len(study.audit.lines()) == before + 1


def test_computing_again_gives_the_same_bits(study: Workspace) -> None:
    case = study.study.list()[0]
    first = read_case(study, case)
    cache().forget(first.result_key)

    again = read_case(study, case)

    assert again.result is not first.result
    assert again.result_key == first.result_key
    assert again.prediction.risk == first.prediction.risk
    np.testing.assert_array_equal(again.prediction.survival, first.prediction.survival)
    for one, other in zip(
        again.prediction.slides[0].maps, first.prediction.slides[0].maps, strict=True
    ):
        np.testing.assert_array_equal(one.values, other.values)


def test_another_table_is_another_result(study: Workspace) -> None:
    shown = study.study.list()
    tables = [next(file for file in case.tables if file.role == "rna") for case in shown[:2]]
    case_id = study.own.add(title="P")
    keys = []
    for table in tables:
        study.own.attach(case_id, NewFile(role="rna", path=table.path, row_key=table.row_key))
        keys.append(read_case(study, study.case(case_id)).result_key)

    assert keys[0] != keys[1]


@pytest.mark.slow
def test_only_the_latest_results_are_kept(study: Workspace) -> None:
    kept = PredictionCache()
    case = study.study.list()[-1]
    read = read_case(study, case)
    for number in range(9):
        kept._kept[f"old-{number}"] = read.result

    result = kept.predict(study, case, read.bundle, features=())

    assert len(kept._kept) == 6
    assert result.prediction.case_id == case.id
