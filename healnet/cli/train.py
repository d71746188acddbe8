"""``healnet train``: from a cohort table to a model folder."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import cast

from healnet.bundle import ModelBundle, read_bundle
from healnet.cli.case_files import split_name
from healnet.cli.entry import DONE, report, say_written
from healnet.cli.progress import ProgressLine, describe
from healnet.data.read_cohort import read_cohort
from healnet.data.splits import read_splits
from healnet.exceptions import ConfigError, Notice
from healnet.train import Recipe, read_recipe, train_model


def run(options: argparse.Namespace) -> int:
    """Train a model and write its folder."""
    recipe = _recipe(options)
    cohort = read_cohort(options.cohort, omics=named_files(options.omics))
    line = ProgressLine()
    bundle = train_model(
        cohort,
        recipe=recipe,
        out_dir=options.out,
        folds=None if options.splits is None else read_splits(options.splits),
        start=None if options.start is None else read_bundle(options.start),
        progress=lambda now: line.show(describe(now)),
    )
    for notice in cast("list[dict[str, str]]", bundle.card["notices"]):
        report(Notice(**notice), as_json=options.json, kind="warning")
    sys.stdout.write(_headline(bundle) + "\n")
    say_written(options.out)
    return DONE


def named_files(texts: list[str]) -> dict[str, Path]:
    """Return files by modality from ``NAME=FILE`` arguments.

    Raises:
        ConfigError: ``CLI-ARGUMENTS`` if a name is missing or given twice.
    """
    found: dict[str, Path] = {}
    for text in texts:
        name, path = split_name(text)
        if name is None or name in found:
            raise ConfigError(
                f"--omics {text} needs a name of its own",
                code="CLI-ARGUMENTS",
                fix="write --omics NAME=FILE, e.g. --omics rna=rna.csv",
            )
        found[name] = path
    return found


def _recipe(options: argparse.Namespace) -> Recipe:
    recipe = Recipe() if options.config is None else read_recipe(options.config)
    if recipe.name == Recipe().name:
        recipe = replace(recipe, name=options.out.resolve().name)
    return recipe if options.seed is None else replace(recipe, seed=options.seed)


def _headline(bundle: ModelBundle) -> str:
    performance = cast("dict[str, dict[str, object]]", bundle.card["performance"])
    pooled = performance["pooled"]
    if pooled["harrell"] is None:
        return f"held-out concordance: not computed ({pooled['why']})"
    low, high = cast("list[float]", pooled["harrell_interval"])
    return (
        f"held-out concordance {pooled['harrell']:.3f} (95 % interval {low:.3f} to "
        f"{high:.3f}), "
        f"{pooled['patients']} patients, {pooled['events']} events"
    )
