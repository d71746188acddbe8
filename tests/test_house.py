"""Rules about files: sizes, names, layers and forbidden calls."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAX_LINES = {"healnet": 300, "app": 250, "pages": 60, "tests": 400}
VAGUE = {"utils", "util", "helpers", "common", "misc", "core", "base", "manager"}
FILES = [path for folder in MAX_LINES for path in sorted((ROOT / folder).rglob("*.py"))]
PRODUCT = [path for path in FILES if path.relative_to(ROOT).parts[0] != "tests"]
FORBIDDEN = {
    r"\bimport (pickle|joblib)\b": "no pickle: it runs code",
    r"(?<!safetensors\.)torch\.load\((?!.*weights_only=True)": "only with weights_only=True",
    r"yaml\.load\(": "yaml.safe_load only",
    r"(?<![.\w])(eval|exec)\(": "no eval, no exec",
    r"shell=True": "no shell",
    r"extractall\(": "archives are read member by member",
    r"unsafe_allow_html": "untrusted text never becomes markup",
    r"st\.cache_data": "it hashes large arrays by sampling: results may be stale",
    r"load_state_dict\(.*strict=False": "weights load whole or not at all",
    r"tempfile\.mktemp\(": "racy",
}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_file_fits_and_is_named_for_its_content(path: Path) -> None:
    folder = path.relative_to(ROOT).parts[0]

    assert len(path.read_text().splitlines()) <= MAX_LINES[folder]
    assert path.stem not in VAGUE


@pytest.mark.parametrize("path", PRODUCT, ids=relative)
def test_file_has_no_forbidden_call(path: Path) -> None:
    text = path.read_text()

    found = [reason for pattern, reason in FORBIDDEN.items() if re.search(pattern, text)]

    assert not found


def test_layers_are_imported_one_way_only() -> None:
    program = Path(sys.executable).with_name("lint-imports")

    done = subprocess.run(
        [program], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )

    assert done.returncode == 0, done.stdout


def test_tile_routes_load_without_streamlit_and_torch() -> None:
    code = (
        "import sys, app.tiles.routes; "
        "print(*(name in sys.modules for name in ('streamlit', 'torch')))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["False", "False"]


def test_the_projects_text_names_no_folder_of_one_machine() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    machine = re.compile(r"/(work|home|root)/\w+")

    hits = [
        name
        for name in listed.stdout.split()
        if name.endswith((".py", ".md", ".toml", ".ts", ".json"))
        and (ROOT / name).is_file()
        and machine.search((ROOT / name).read_text(encoding="utf-8"))
    ]

    assert not hits
