"""``healnet demo``: the synthetic study whose truth is known."""

import argparse

from healnet.cli.entry import DONE, say_written
from healnet.cli.progress import ProgressLine, describe
from healnet.data.encode_progress import Progress
from healnet.study import build_study, rebuild_assets


def run(options: argparse.Namespace) -> int:
    """Build the study, or with ``--rebuild`` the shipped model and cases as well."""
    line = ProgressLine()

    def show(now: Progress) -> None:
        line.show(describe(now))

    build = rebuild_assets if options.rebuild else build_study
    build(options.out, patients=options.patients, seed=options.seed, progress=show)
    say_written(options.out)
    return DONE
