"""``healnet doctor`` compares the shipped model with what it answered when it was built."""

import json
from pathlib import Path

import pytest

from healnet.cli import doctor
from healnet.cli.doctor import demo_assets
from tests.cli.test_commands import healnet

pytestmark = pytest.mark.skipif(
    not (demo_assets() / "study.json").is_file(), reason="assets/demo is not built"
)


@pytest.fixture
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shipped model and cases, with a study.json of one's own."""
    for name in ("model", "cases"):
        (tmp_path / name).symlink_to(demo_assets() / name)
    monkeypatch.setattr(doctor, "demo_assets", lambda: tmp_path)
    return tmp_path


def self_test(assets: Path, **facts: object) -> doctor.Finding:
    first = min(path.parent.name for path in assets.glob("cases/*/features.h5"))
    text = json.dumps({"cases": [{"case_id": first, **facts}]})
    (assets / "study.json").write_text(text)
    return next(one for one in doctor._shipped_model() if one.name == "self-test")


def test_another_answer_than_when_it_was_built_is_bad(assets: Path) -> None:
    bare = self_test(assets)
    risk = float(bare.value.split(" has risk ")[1].split(",")[0])

    same, other = self_test(assets, slide_risk=risk), self_test(assets, slide_risk=risk + 0.01)

    assert bare.is_good
    assert bare.value.endswith("none stored")  # the study.json of earlier versions
    assert same.is_good
    assert not other.is_good
    assert f"{risk + 0.01:.4f} when it was built" in other.value


def test_a_wrong_answer_is_the_exit_code(
    assets: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    self_test(assets, slide_risk=99.0)

    assert healnet("doctor") == 2
    assert "BAD self-test" in capsys.readouterr().out
