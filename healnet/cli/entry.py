"""Where ``healnet`` starts: arguments in, exit code out, never a traceback.

Exit codes: 0 done, 1 a fault of the program, 2 a refused input, 130 stopped by the user.
"""

import argparse
import importlib
import json
import logging
import sys
from collections.abc import Callable, Sequence
from types import TracebackType

from healnet.cli.parser import build_parser
from healnet.exceptions import Cancelled, ConfigError, HealNetError, Notice, printable

DONE, FAULT, REFUSED, STOPPED = 0, 1, 2, 130
_log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command for a process of its own; return the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    sys.excepthook = _report_fault
    return run(arguments)


def run(arguments: Sequence[str]) -> int:
    """Run one command; refusals become a message and exit code 2."""
    as_json = "--json" in arguments
    try:
        _check_names(arguments)
        options = build_parser().parse_args(arguments)
        command = importlib.import_module(f"healnet.cli.{options.command}")
        start: Callable[[argparse.Namespace], int] = command.run
        return start(options)
    except Cancelled as error:
        report(error.to_notice(), as_json=as_json)
        return STOPPED
    except HealNetError as error:
        report(error.to_notice(), as_json=as_json)
        return REFUSED
    except OSError as error:
        report(_of_system(error), as_json=as_json)
        return REFUSED
    except KeyboardInterrupt:
        report(Notice(code="CANCELLED", what="stopped by the user"), as_json=as_json)
        return STOPPED


def _check_names(arguments: Sequence[str]) -> None:
    """Refuse names that no result could hold, before anything is read."""
    for text in arguments:
        if any("\ud800" <= char <= "\udfff" for char in text):
            raise ConfigError(
                f"the name {printable(text.rsplit('/', 1)[-1])} is not UTF-8 text",
                code="FILE-NAME",
                why="it could not be written into any result",
                fix="rename the file or folder",
            )


def report(notice: Notice, *, as_json: bool = False, kind: str = "error") -> None:
    """Write a refusal or a warning to standard error, as text or as one line of JSON."""
    if as_json:
        sys.stderr.write(json.dumps({kind: notice.to_dict()}) + "\n")
        return
    place = f" {notice.where}:" if notice.where else ""
    lines = [printable(f"{kind} [{notice.code}]{place} {notice.what}")]
    lines += [f"  why: {printable(notice.why)}"] if notice.why else []
    lines += [f"  fix: {printable(notice.fix)}"] if notice.fix else []
    sys.stderr.write("\n".join(lines) + "\n")


def say_written(path: object) -> None:
    """Write the path of what was made as a line of standard output."""
    sys.stdout.write(f"{path}\n")
    sys.stdout.flush()


def _of_system(error: OSError) -> Notice:
    name = str(error.filename).replace("\\", "/").rsplit("/", 1)[-1] if error.filename else ""
    return Notice(
        code="FILE-SYSTEM",
        what=error.strerror or "a file could not be read or written",
        where=name,
        why="the work cannot go on without it",
        fix="check that the file exists, that you may use it, and that the disk has room",
    )


def _report_fault(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    _log.debug("fault", exc_info=(kind, error, trace))
    report(
        Notice(
            code="INTERNAL",
            what=f"the program met a fault of its own ({kind.__name__})",
            why="nothing was decided about your input",
            fix="run 'healnet doctor', then report this with the command and its output",
        ),
        as_json="--json" in sys.argv,
    )
