"""``healnet demo``: the synthetic study whose truth is known."""

import argparse
from pathlib import Path

from healnet.cli.doctor import demo_assets
from healnet.cli.entry import DONE, say_written
from healnet.cli.progress import ProgressLine, describe
from healnet.data.encode_progress import Progress
from healnet.study import build_study, rebuild_assets

_DEFAULT_OUT = Path("healnet-demo")


def run(options: argparse.Namespace) -> int:
    """Build the study, or with ``--rebuild`` the model and cases that ship with the program."""
    line = ProgressLine()

    def show(now: Progress) -> None:
        line.show(describe(now))

    if options.rebuild:
        out = options.out or demo_assets()
        rebuild_assets(out, patients=options.patients, seed=options.seed, progress=show)
    else:
        out = options.out or _DEFAULT_OUT
        build_study(out, patients=options.patients, seed=options.seed, progress=show)
    say_written(out)
    return DONE
