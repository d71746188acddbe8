"""Arguments of every command. Nothing heavy is imported here, so ``--help`` is quick."""

import argparse
from pathlib import Path
from typing import NoReturn

from healnet.exceptions import ConfigError

FORMATS = ("geojson", "csv", "html", "pdf")
_Commands = "argparse._SubParsersAction[argparse.ArgumentParser]"


class Parser(argparse.ArgumentParser):
    """Says what is wrong with the arguments in the error contract's words."""

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments.

        Raises:
            ConfigError: ``CLI-ARGUMENTS``, always.
        """
        raise ConfigError(message, code="CLI-ARGUMENTS", fix=f"see '{self.prog} --help'")


MOST = 1_000_000_000  # of any number on the command line


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of ``healnet`` with all its commands."""
    parser = Parser(
        prog="healnet",
        description="Multimodal survival prediction and its explanation. Research use only.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for add in (_demo, _encode, _train, _evaluate, _predict, _export, _doctor):
        add(commands)
    for command in commands.choices.values():
        command.add_argument(
            "--json", action="store_true", help="errors as JSON on standard error"
        )
    return parser


def _demo(commands: _Commands) -> None:  # type: ignore[valid-type]
    parser = _command(commands, "demo", "build the synthetic study with known truth")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="default: healnet-demo, or the shipped assets"
    )
    parser.add_argument("--patients", type=_positive, default=300, metavar="N")
    parser.add_argument("--seed", type=_natural, default=7, metavar="S")
    parser.add_argument(
        "--rebuild",
        action="store_true",
        help="rebuild the model and the cases that ship with the program",
    )


def _encode(commands: _Commands) -> None:  # type: ignore[valid-type]
    parser = _command(commands, "encode", "turn slides into patch features (.h5)")
    parser.add_argument("slides", type=Path, nargs="+", metavar="SLIDE")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--encoder", default="lite0", metavar="NAME")
    parser.add_argument("--mpp", type=_above_zero, default=0.5, help="um per patch pixel")
    parser.add_argument("--patch", type=_positive, default=256, help="side of a patch, pixels")
    _slide_mpp(parser)
    parser.add_argument("--max-patches", type=_positive, metavar="N")


def _train(commands: _Commands) -> None:  # type: ignore[valid-type]
    parser = _command(commands, "train", "train a model on a cohort table")
    parser.add_argument("cohort", type=Path, metavar="COHORT.csv")
    parser.add_argument("--out", type=Path, required=True, metavar="MODEL_DIR")
    parser.add_argument("--config", type=Path, metavar="FILE", help="recipe, JSON or YAML")
    parser.add_argument(
        "--from", dest="start", type=Path, metavar="MODEL_DIR", help="start from these weights"
    )
    parser.add_argument("--splits", type=Path, metavar="DIR", help="folds as splits_*.csv")
    parser.add_argument("--seed", type=_natural, metavar="S")
    parser.add_argument("--omics", action="append", default=[], metavar="NAME=FILE")


def _evaluate(commands: _Commands) -> None:  # type: ignore[valid-type]
    parser = _command(commands, "evaluate", "measure a model on a cohort with outcomes")
    parser.add_argument("model", type=Path, metavar="MODEL_DIR")
    parser.add_argument("cohort", type=Path, metavar="COHORT.csv")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--omics", action="append", default=[], metavar="NAME=FILE")


def _predict(commands: _Commands) -> None:  # type: ignore[valid-type]
    parser = _command(commands, "predict", "predict and explain one case")
    parser.add_argument("model", type=Path, metavar="MODEL_DIR")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    parser.add_argument("--case", metavar="ID", help="row of the tables, and name of the case")
    parser.add_argument("--slide", type=Path, nargs="+", action="extend", default=[])
    parser.add_argument(
        "--features", type=Path, nargs="+", action="extend", default=[], metavar="FILE.h5"
    )
    parser.add_argument(
        "--omics", nargs="+", action="extend", default=[], metavar="[NAME=]FILE"
    )
    parser.add_argument("--clinical", type=Path, metavar="FILE")
    _slide_mpp(parser)
    parser.add_argument("--max-patches", type=_positive, metavar="N")
    parser.add_argument("--report", action="store_true", help="also write report.html")
    parser.add_argument(
        "--all-models",
        action="store_true",
        help="for a training patient: also use the models that were trained on the patient",
    )


def _export(commands: _Commands) -> None:  # type: ignore[valid-type]
    parser = _command(commands, "export", "turn a prediction into a file for other tools")
    parser.add_argument("prediction", type=Path, metavar="PREDICTION_DIR")
    parser.add_argument("--format", choices=FORMATS, required=True)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")


def _doctor(commands: _Commands) -> None:  # type: ignore[valid-type]
    parser = _command(commands, "doctor", "check the installation and the shipped model")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the findings")


def _command(commands: _Commands, name: str, text: str) -> argparse.ArgumentParser:  # type: ignore[valid-type]
    made: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)  # type: ignore[attr-defined]
    return made


def _slide_mpp(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--slide-mpp",
        type=_above_zero,
        metavar="X",
        help="um per level-0 pixel, where the file does not say",
    )


def _positive(text: str) -> int:
    return _whole(text, least=1)


def _natural(text: str) -> int:
    return _whole(text, least=0)


def _whole(text: str, *, least: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if not least <= value <= MOST:
        raise argparse.ArgumentTypeError(
            f"{text[:40]!r} is not a whole number from {least} to {MOST:,}"
        )
    return value


def _above_zero(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= MOST:
        raise argparse.ArgumentTypeError(
            f"{text[:40]!r} is not a number above 0, at most {MOST:,}"
        )
    return value
