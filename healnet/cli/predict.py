"""``healnet predict``: one case, from files to files."""

import argparse
import sys

from healnet.bundle import read_bundle
from healnet.cli.case_files import build_case
from healnet.cli.entry import DONE, report, say_written
from healnet.predict import Prediction, predict_case, write_prediction
from healnet.predict.context import report_context
from healnet.predict.files import earlier_files


def run(options: argparse.Namespace) -> int:
    """Predict and explain one case and write the prediction folder."""
    earlier_files(options.out)  # a folder of something else is refused before the work
    bundle = read_bundle(options.model)
    case = build_case(bundle, options)
    earlier_files(options.out, case_id=case.case_id)
    prediction = predict_case(bundle, case, allow_seen=options.all_models)
    for warning in prediction.warnings:
        report(warning, as_json=options.json, kind="warning")
    context = report_context(bundle, prediction)
    write_prediction(options.out, prediction, context=context, report=options.report)
    sys.stdout.write(_headline(prediction) + "\n")
    say_written(options.out)
    return DONE


def _headline(prediction: Prediction) -> str:
    low, high = sorted((prediction.risk_low, prediction.risk_high))
    return (
        f"{prediction.case_id}: {prediction.risk_group} risk group, percentile "
        f"{prediction.risk_percentile:.0f} of the reference cohort, risk {prediction.risk:.3f} "
        f"(models {low:.3f} to {high:.3f}), from {', '.join(prediction.modalities_used)}. "
        "Research use only."
    )
