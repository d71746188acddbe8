"""``healnet evaluate``: a model on a cohort with outcomes."""

import argparse
import json
import sys
from collections.abc import Mapping
from typing import cast

from healnet.bundle import read_bundle
from healnet.bundle.atomic import atomic_write
from healnet.cli.entry import DONE, report, say_written
from healnet.cli.progress import ProgressLine, describe
from healnet.cli.train import named_files
from healnet.data.read_cohort import read_cohort
from healnet.predict import evaluate_model
from healnet.train.cohort_cases import refuse_unencoded


def run(options: argparse.Namespace) -> int:
    """Write ``predictions.csv`` and ``metrics.json``; say each warning once."""
    bundle = read_bundle(options.model)
    cohort = read_cohort(options.cohort, omics=named_files(options.omics))
    if bundle.inputs.slide is not None:
        refuse_unencoded(cohort)
    for notice in cohort.notices:
        report(notice, as_json=options.json, kind="warning")
    line = ProgressLine()
    evaluation = evaluate_model(bundle, cohort, progress=lambda now: line.show(describe(now)))
    counted = [warning.to_notice(len(cohort)) for warning in evaluation.warnings]
    for notice in (*evaluation.notices, *counted):
        report(notice, as_json=options.json, kind="warning")
    said = (*cohort.notices, *evaluation.notices)
    metrics = {
        "model": {"id": bundle.name, "sha256": bundle.sha256},
        **evaluation.metrics(),
        "warnings": [notice.to_dict() for notice in said],
        "patient_warnings": [warning.to_dict() for warning in evaluation.warnings],
    }
    atomic_write(options.out / "predictions.csv", evaluation.to_csv().encode("utf-8"))
    text = json.dumps(metrics, indent=1, allow_nan=False)
    atomic_write(options.out / "metrics.json", text.encode("utf-8"))
    sys.stdout.write(_headline(metrics) + "\n")
    say_written(options.out)
    return DONE


def _headline(metrics: Mapping[str, object]) -> str:
    judged = cast("Mapping[str, object]", metrics["all"])
    known = metrics["patients_of_the_training_cohort"]
    text = f"{metrics['patients']} patients ({known} of them from the training cohort)"
    if judged["harrell"] is None:
        return f"{text}: no concordance ({judged['why']})"
    low, high = cast("list[float]", judged["harrell_interval"])
    return f"{text}: concordance {judged['harrell']:.3f} ({low:.3f} to {high:.3f})"
