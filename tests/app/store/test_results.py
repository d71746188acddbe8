"""Results are found by everything that made them."""

import itertools

from app.store.results import Headline, result_key
from app.store.workspace import Workspace

FACTS = {
    "case_id": "A",
    "input_hashes": ["rna:1", "slide:2"],
    "model_sha256": "m",
    "code_version": "1",
}


def test_any_change_of_what_made_a_result_is_another_result() -> None:
    changes = (
        {"case_id": "B"},
        {"input_hashes": ["rna:1", "slide:3"]},
        {"input_hashes": ["rna:1"]},
        {"model_sha256": "n"},
        {"code_version": "2"},
    )

    keys = [result_key(**FACTS), *(result_key(**(FACTS | change)) for change in changes)]

    assert all(one != other for one, other in itertools.combinations(keys, 2))


def test_the_order_of_the_inputs_does_not_matter() -> None:
    turned = FACTS | {"input_hashes": ["slide:2", "rna:1"]}

    assert result_key(**turned) == result_key(**FACTS)


def test_a_headline_of_another_model_is_not_shown(workspace: Workspace) -> None:
    headline = Headline(case_id="A", model_key="m", risk=-2.0, percentile=82.0, group="higher")
    workspace.results.remember("key", headline)

    assert workspace.results.of_case("A", "m") == headline
    assert workspace.results.of_case("A", "other") is None
    assert workspace.results.of_case("B", "m") is None


def test_headlines_of_a_changed_case_are_dropped(workspace: Workspace) -> None:
    headline = Headline(case_id="A", model_key="m", risk=0.0, percentile=1.0, group="lower")
    workspace.results.remember("key", headline)

    workspace.results.drop_case("A")

    assert workspace.results.of_case("A", "m") is None
