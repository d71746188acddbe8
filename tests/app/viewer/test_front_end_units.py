"""The parts of the front end that compute: its own unit tests, and SciPy as an oracle."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import hatch_build

ROOT = Path(__file__).parents[3]
RUNNER = ROOT / "app" / "viewer" / "frontend" / "test.mjs"


@pytest.fixture(scope="module")
def node() -> str:
    if not (ROOT / "node_modules" / "esbuild").is_dir():
        pytest.skip("the front end's packages are not installed: python hatch_build.py --force")
    try:
        return hatch_build.node_and_npm()[0][0]
    except RuntimeError:
        pytest.skip("no Node on this machine")


def run(node: str, *arguments: str, given: str = "") -> str:
    done = subprocess.run(
        [node, str(RUNNER), *arguments],
        cwd=ROOT,
        input=given,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_units_of_the_front_end_pass(node: str) -> None:
    report = run(node)

    assert "fail 0" in report
    assert "pass 25" in report


@pytest.mark.parametrize("seed", range(4))
def test_percentiles_and_rank_agreement_are_those_of_scipy(node: str, seed: int) -> None:
    generator = np.random.default_rng(seed)
    first = np.round(generator.gamma(0.7, size=150), 1 + seed % 2)  # with many ties
    second = np.round(first + generator.normal(size=150), 1)
    given = {"first": first.tolist(), "second": second.tolist()}

    answer = json.loads(run(node, "oracle", given=json.dumps(given)))

    ranks = stats.rankdata(np.float32(first), method="average")
    np.testing.assert_allclose(answer["percentiles"], 100 * (ranks - 0.5) / 150, rtol=1e-6)
    agreement = stats.spearmanr(np.float32(first), np.float32(second)).statistic
    assert answer["agreement"] == pytest.approx(agreement, abs=1e-9)
