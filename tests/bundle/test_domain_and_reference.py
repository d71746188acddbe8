"""Is a slide like the training slides, and where does a risk stand among the held-out ones?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healnet.bundle.domain import SlideDomain
from healnet.bundle.judgement import judge_risk
from healnet.bundle.reference import Reference, hash_case, within_fold_percentiles
from healnet.exceptions import BundleError
from healnet.survival.outcome import Outcome

SALT = "ab" * 16


def slides(count: int, seed: int, *, shift: float = 0.0, dim: int = 40) -> np.ndarray:
    draw = np.random.default_rng(seed)
    axes = np.random.default_rng(99).normal(size=(3, dim))
    means = draw.normal(size=(count, 3)) @ axes + 0.3 * draw.normal(size=(count, dim))
    return (means + shift).astype(np.float32)


def reference(**changes: object) -> Reference:
    risk, fold = np.array([0.1, 0.4, 0.9, -2.0, -1.0]), np.array([0, 0, 0, 1, 1])
    values = {
        "risk": risk,
        "percentile": within_fold_percentiles(risk, fold),
        "fold": fold,
        "time_months": np.arange(1.0, 6.0),
        "event": np.array([True, False, True, True, False]),
        "group": ("lower", "intermediate", "higher", "lower", "higher"),
        "case_hash": tuple(hash_case(f"P{i}", salt=SALT) for i in range(5)),
        "slide_hashes": ("", "", hash_case("f" * 64, salt=SALT), "", ""),
        "salt": SALT,
    }
    return Reference(**{**values, **changes})


def test_one_in_twenty_slides_of_the_same_source_lies_beyond_the_limit() -> None:
    domain = SlideDomain.fit(slides(250, 0))

    shares = [domain.share_nearer(mean) for mean in slides(1000, 1)]

    assert 0.02 < np.mean([share > 0.95 for share in shares]) < 0.09


def test_slides_of_another_source_lie_far_away() -> None:
    domain = SlideDomain.fit(slides(250, 0))

    shares = [domain.share_nearer(mean) for mean in slides(100, 1, shift=3.0)]

    assert np.mean([share > 0.95 for share in shares]) > 0.99


@pytest.mark.parametrize("count", [1, 2, 19])
def test_a_few_slides_make_no_judgement(count: int) -> None:
    domain = SlideDomain.fit(slides(count, 0))

    assert domain.share_nearer(slides(1, 1)[0]) is None
    assert np.isfinite(domain.mean).all()


def test_a_domain_survives_the_way_to_tensors_and_back() -> None:
    domain = SlideDomain.fit(slides(60, 0))
    mean = slides(1, 5)[0]

    again = SlideDomain.from_tensors(domain.to_tensors())

    assert again.distance(mean) == domain.distance(mean)
    assert again.share_nearer(mean) == domain.share_nearer(mean)


def test_percentiles_are_ranks_within_the_fold() -> None:
    found = reference()

    assert found.percentile.tolist() == pytest.approx([100 / 6, 50, 500 / 6, 25, 75])
    assert found.percentile_of(0.5, fold=0) == pytest.approx(200 / 3)
    assert found.percentile_of(0.5, fold=1) == 100


@given(seed=st.integers(0, 999), folds=st.integers(1, 6))
def test_a_scale_of_its_own_for_each_fold_changes_no_percentile(seed: int, folds: int) -> None:
    draw = np.random.default_rng(seed)
    risk, fold = draw.normal(size=30), draw.permutation(np.arange(30) % folds)

    stretched = risk * (fold + 1.0) + 10.0 * fold

    assert within_fold_percentiles(stretched, fold) == pytest.approx(
        within_fold_percentiles(risk, fold)
    )


def test_patients_and_slides_are_known_by_their_hash_only() -> None:
    found = reference()

    assert found.fold_of(" P4 ") == 1
    assert found.fold_of("P9") is None
    assert found.fold_of_slide("f" * 64) == 0
    assert found.fold_of_slide("") is None
    assert hash_case("P1", salt=SALT) != hash_case("P1", salt="cd" * 16)


def test_a_reference_survives_the_way_to_parquet_and_back() -> None:
    found = reference(risk=np.array([0.1 + 0.2, 1e-300, -1.0, 1 / 3, 2.0]))

    again = Reference.from_bytes(found.to_bytes(), salt=SALT)

    assert again.risk.tolist() == found.risk.tolist()
    assert again.group == found.group
    assert again.slide_hashes == found.slide_hashes
    assert again.event.tolist() == found.event.tolist()


def test_a_reference_with_a_hole_is_refused() -> None:
    with pytest.raises(BundleError, match="not numbers"):
        reference(risk=np.array([0.1, np.nan, 0.2, 0.3, 0.4]))
    with pytest.raises(BundleError):
        reference(group=("lower",))


def test_under_ten_events_there_is_no_concordance_but_a_reason() -> None:
    draw = np.random.default_rng(0)
    outcome = Outcome(draw.uniform(1, 50, 30), np.arange(30) < 9)

    found = judge_risk(draw.normal(size=30), outcome, everyone=outcome, replicates=100, seed=0)

    assert found["harrell"] is None
    assert found["why"] == "9 events; at least 10 needed for a concordance"


def test_a_perfect_risk_is_judged_perfect() -> None:
    draw = np.random.default_rng(0)
    times = draw.uniform(1, 50, 40)
    outcome = Outcome(times, draw.uniform(size=40) < 0.6)

    found = judge_risk(-times, outcome, everyone=outcome, replicates=100, seed=0)

    assert found["harrell"] == 1.0
    assert found["harrell_interval"] == [1.0, 1.0]
    assert found["uno"] == pytest.approx(1.0)
