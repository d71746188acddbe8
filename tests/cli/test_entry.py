"""The command line answers with an exit code and a message, never with a traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from healnet.cli.entry import run

COMMANDS = ("demo", "encode", "train", "evaluate", "predict", "export", "doctor")


def healnet(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-m", "healnet.cli", *arguments],
        cwd=cwd or root,
        env={**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_help_names_every_command() -> None:
    done = healnet("--help")

    assert done.returncode == 0
    assert all(command in done.stdout for command in COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param((), id="nothing"),
        pytest.param(("fly",), id="an unknown command"),
        pytest.param(("predict",), id="no model"),
        pytest.param(("encode", "x.svs", "--out", "o", "--mpp", "0"), id="a pixel of size 0"),
        pytest.param(
            ("encode", "x.svs", "--out", "o", "--mpp", "nan"), id="a pixel of size nan"
        ),
        pytest.param(("train", "c.csv", "--out", "o", "--seed", "-1"), id="a negative seed"),
        pytest.param(("export", "p", "--format", "docx", "--out", "o"), id="an unknown format"),
    ],
)
def test_wrong_arguments_are_refused_in_the_contracts_words(arguments: tuple[str, ...]) -> None:
    done = healnet(*arguments)

    assert done.returncode == 2
    assert done.stderr.startswith("error [CLI-ARGUMENTS]")
    assert "fix:" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_refusal_can_be_read_by_a_program() -> None:
    done = healnet("fly", "--json")

    assert done.returncode == 2
    assert set(json.loads(done.stderr)["error"]) == {"code", "what", "where", "why", "fix"}


@pytest.mark.parametrize("command", ["predict", "evaluate", "export", "train", "encode"])
def test_an_input_that_does_not_exist_is_refused(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "out")
    nowhere = str(tmp_path / "nowhere")
    arguments = {
        "predict": ("predict", nowhere, "--out", out, "--case", "A"),
        "evaluate": ("evaluate", nowhere, "nothing.csv", "--out", out),
        "export": ("export", nowhere, "--format", "csv", "--out", out),
        "train": ("train", nowhere, "--out", out),
        "encode": ("encode", nowhere, "--out", out),
    }[command]

    code = run(arguments)

    said = capsys.readouterr().err
    assert code == 2
    assert said.startswith("error [")
    assert str(tmp_path) not in said
