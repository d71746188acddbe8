"""Names of files cannot write to the terminal, and names that are no text are refused early."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from healnet.cli.entry import report, run
from healnet.cli.progress import ProgressLine
from healnet.exceptions import Notice, printable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain \u00e9 \u732b", "plain \u00e9 \u732b"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\nb\r\t", "a\\nb\\r\\t"),
        ("a\u202eb", "a\\u202eb"),
        ("a\udcffb", "a\\udcffb"),
    ],
)
def test_only_what_cannot_be_shown_is_spelled_out(text: str, expected: str) -> None:
    assert printable(text) == expected


def test_control_characters_of_a_name_do_not_reach_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["encode", str(tmp_path / "a\x1b[31m\n.svs"), "--out", str(tmp_path / "o")])
    ProgressLine().show("a\x1b[31m.svs: encode", is_last=True)

    said = capsys.readouterr().err
    assert code == 2
    assert "\x1b" not in said
    assert "a\\x1b[31m\\n.svs" in said


def test_a_notice_stays_on_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    report(Notice(code="X", what="a\nerror [FORGED]", why="b\x07", fix="c"))

    assert capsys.readouterr().err.splitlines() == [
        "error [X] a\\nerror [FORGED]", "  why: b\\x07", "  fix: c",
    ]  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes on Linux only")
def test_a_name_that_is_no_text_is_refused_before_the_work(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/a\xff.svs"
    Path(os.fsdecode(name)).write_bytes(b"x")
    root = Path(__file__).parents[2]

    done = subprocess.run(
        [sys.executable, "-m", "healnet.cli", "encode", name, "--out", tmp_path / "o"],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        check=False,
    )

    assert done.returncode == 2
    assert b"[FILE-NAME]" in done.stderr
    assert b"a\\udcff.svs" in done.stderr


def test_help_stays_quick_because_nothing_heavy_is_loaded() -> None:
    code = "import sys, healnet.cli.entry; print({'pandas', 'torch'} & set(sys.modules))"
    root = Path(__file__).parents[2]

    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "set()"
