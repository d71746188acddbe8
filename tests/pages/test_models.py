"""The model card: what it is, how good it is, what it is not for."""

from app.models import load_model
from app.store.workspace import Workspace
from tests.pages.conftest import OpenPage, markup_of, words


def test_without_a_model_the_page_says_how_to_get_one(open_page: OpenPage) -> None:
    page = open_page("models")

    assert not page.exception
    assert "MODEL-NONE" in words(page)


def test_the_card_names_the_model_its_limits_and_its_concordance(
    open_page: OpenPage, study: Workspace
) -> None:
    page = open_page("models")

    assert not page.exception
    card = markup_of(page, "card")
    bundle = load_model(study)
    pooled = bundle.card["performance"]["pooled"]
    assert bundle.name in card
    assert bundle.sha256 in card
    assert f"{pooled['harrell']:.2f}" in card
    assert "Not for diagnosis or treatment decisions." in card


def test_a_damaged_model_is_refused_in_words(open_page: OpenPage, workspace: Workspace) -> None:
    folder = workspace.settings.demo / "model"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")

    page = open_page("models")

    assert not page.exception
    assert "hn-refusal" in words(page)
    assert "MODEL" in words(page)
