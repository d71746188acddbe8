"""The case workspace: the estimate, what is missing for one, and never another patient's."""

import re
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from app.charts.waterfall import make_waterfall, sum_by_modality
from app.panels.omics import contributions
from app.predictions import cache
from app.reading import read_case
from app.store.cases import NewFile
from app.store.workspace import Workspace
from app.viewer.messages import RESEARCH_ONLY
from healnet.exceptions import Notice
from tests.pages.conftest import OpenPage, markup_of, words

NUMBER = re.compile(r"-?\d+\.\d+")


@pytest.fixture
def own_case(study: Workspace, tmp_path: Path) -> str:
    """An own case with the clinical table of a showcase case, and no slide."""
    shown = study.study.list()[0]
    table = next(file for file in shown.tables if file.role == "clinical")
    copied = Path(shutil.copy(table.path, tmp_path / "mine.csv"))
    file = NewFile(role="clinical", path=copied, row_key=table.row_key)
    return study.own.add(title="Mine", files=(file,))


def slide_case(workspace: Workspace, path: Path, tmp_path: Path) -> str:
    copied = Path(shutil.copy(path, tmp_path / path.name))
    return workspace.own.add(title="Scan", files=(NewFile(role="slide", path=copied),))


def go_to(page: AppTest, case_id: str) -> AppTest:
    """Go to another case in the same session, as a link does."""
    page.query_params["case"] = case_id
    return page.run()


def everything(page: AppTest) -> str:
    """Return all that a page shows as one text, components included."""
    assert not page.exception
    parts = [block.proto.json for block in page.get("bidi_component")]
    parts = [re.sub(r'"(token|script|style)": ?"[^"]*"', "", part) for part in parts]
    return "\n".join([words(page), *parts, *(box.value for box in page.caption)])


def headline_survival(shown: str) -> str:
    """Return the sentence of the headline that holds its numbers."""
    found = re.search(r"\d+(?:st|nd|rd|th) percentile</b><span>.{20,200}of 100", shown)
    assert found
    return found[0]


def test_nothing_picked_leads_to_the_list(open_page: OpenPage) -> None:
    page = open_page("case")

    assert not page.exception
    assert "No cases yet" in words(page)


def test_the_showcase_has_headline_strip_curves_and_table(
    open_page: OpenPage, study: Workspace
) -> None:
    case = study.study.list()[0]

    page = open_page("case", case=case.id)

    assert not page.exception
    shown = markup_of(page, "prognosis")
    read = read_case(study, case)
    assert f"{read.prediction.risk_group.capitalize()}-risk group" in shown
    assert re.search(r"\d+(st|nd|rd|th) percentile", shown)
    assert f"of {len(read.bundle.reference)} reference patients" in shown
    assert re.search(r"Estimated \d+-(year|month) .*? \d+ of 100", shown)
    for text in ("slide only", "tables only", "both", "this patient (model)", "at risk"):
        assert text in shown
    assert RESEARCH_ONLY in words(page)
    assert "Synthetic study" in words(page)


def test_the_omics_tab_adds_up(open_page: OpenPage, study: Workspace) -> None:
    case = study.study.list()[0]

    shown = markup_of(open_page("case", case=case.id), "omics")

    read = read_case(study, case)
    found = read.prediction.attributions
    tables = [one for one in found if one.modality != "slide"]
    assert tables[0].feature in shown
    assert f"other {len(tables) - 10:,} features".replace(",", " ") in shown
    kinds = make_waterfall(sum_by_modality(contributions(read.prediction)))
    assert {one.name for one in kinds.largest} == set(read.prediction.modalities_used)
    for part in kinds.largest:
        assert f"{part.value:+.4f}".replace("-", "\u2212") in shown
    assert kinds.total == pytest.approx(sum(one.attribution for one in found))
    assert f"{kinds.total:+.4f}" in shown
    assert f"to \u2212{-read.prediction.risk:.3f}, this patient" in shown


def test_a_case_without_slide_says_so_and_has_no_patch(
    open_page: OpenPage, study: Workspace, own_case: str
) -> None:
    page = open_page("case", case=own_case)

    assert not page.exception
    shown = words(page) + markup_of(page, "prognosis")
    assert "No slide for this case." in shown
    assert "No slide for this case, so there are no patches." in shown
    assert "wider range" not in shown
    row = study.case(own_case).tables[0].row_key
    assert shown.count(f"mine.csv: row {row} was chosen for case Mine") == 2  # remark, check
    assert shown.count("range: spread of the models, not a confidence interval") == 1


def test_no_number_of_one_case_appears_in_another(
    open_page: OpenPage, study: Workspace, own_case: str
) -> None:
    first = study.study.list()[0]
    before = markup_of(open_page("case", case=first.id), "omics")

    other_page = open_page("case", case=own_case)
    again = markup_of(open_page("case", case=first.id), "omics")

    other = markup_of(other_page, "omics")
    values = {text for text in NUMBER.findall(before) if len(text) > 6}
    assert values
    assert not values & set(NUMBER.findall(other))
    assert again == before  # and the first case is the same to the bit after the other


def test_one_session_from_a_to_b_and_back_mixes_nothing(
    open_page: OpenPage, study: Workspace
) -> None:
    first, second = study.study.list()[:2]
    table = next(file for file in second.tables if file.role == "clinical")
    file = NewFile(role="clinical", path=table.path, row_key=table.row_key)
    other_id = study.own.add(title="Mine", files=(file,))
    page = open_page("case", case=first.id)
    before = everything(page)

    other = everything(go_to(page, other_id))
    again = everything(go_to(page, first.id))

    read = read_case(study, first)
    foreign = {f"{one.attribution:+.4f}" for one in read.prediction.attributions[:10]}
    foreign |= {one.feature for one in read.prediction.attributions if one.modality == "rna"}
    foreign |= {first.title, headline_survival(before)}
    assert len(foreign) > 10
    assert not [text for text in foreign if text in other]
    assert "so there are no patches" in other
    assert "attention" not in other
    assert again == before  # to the bit


def test_a_result_of_another_case_is_refused(
    open_page: OpenPage, study: Workspace, own_case: str
) -> None:
    shown = study.study.list()[0]
    foreign = read_case(study, shown)
    mine = study.case(own_case)
    read_case(study, mine)
    kept = cache()._kept
    key = next(key for key, one in kept.items() if one.prediction.case_id == own_case)
    kept[key] = foreign.result

    page = open_page("case", case=own_case)

    assert "RESULT-OWNER" in words(page)


def test_a_prediction_leaves_one_audit_line(open_page: OpenPage, study: Workspace) -> None:
    case = study.study.list()[0]
    cache().forget(read_case(study, case).result_key)
    before = len(study.audit.lines())

    open_page("case", case=case.id)
    open_page("case", case=case.id)

    lines = study.audit.lines()[before:]
    assert [line["action"] for line in lines] == ["prediction"]
    read = read_case(study, case)
    assert float.fromhex(str(lines[0]["risk"])) == read.prediction.risk
    assert lines[0]["model_sha256"] == read.bundle.sha256


@pytest.mark.slow
def test_a_slide_that_was_not_analysed_offers_it(
    open_page: OpenPage, study: Workspace, test_data: Path, tmp_path: Path
) -> None:
    case_id = slide_case(study, test_data / "slides" / "CMU-1-Small-Region.svs", tmp_path)

    page = open_page("case", case=case_id)

    assert not page.exception
    assert "Not analysed yet. About" in words(page)
    next(button for button in page.button if button.label == "Analyse").click().run()
    assert [job.case_id for job in study.jobs.live()] == [case_id]
    assert "Not analysed yet" not in words(page)
    assert [b.label for b in page.button if b.label in {"Analyse", "Cancel"}] == ["Cancel"]
    study.jobs.start_next()
    next(button for button in page.button if button.label == "Cancel").click().run()
    assert "Stopping..." in words(page)


@pytest.mark.slow
def test_a_slide_that_was_refused_says_why_and_makes_no_estimate(
    open_page: OpenPage, study: Workspace, test_data: Path, tmp_path: Path
) -> None:
    case_id = slide_case(study, test_data / "slides" / "CMU-1-Small-Region.svs", tmp_path)
    job_id = study.jobs.submit(case_id=case_id, kind="encode", spec={})
    problem = Notice(code="SLIDE-NO-TISSUE", what="no tissue found", fix="see the tissue mask")
    study.jobs.end(job_id, "failed", problem)

    page = open_page("case", case=case_id)

    assert not page.exception
    assert "No tissue found" in words(page)
    for text in ("tissue mask", "Not analysed yet", "on this computer"):
        assert text not in words(page)


@pytest.mark.slow
def test_a_slide_that_is_too_coarse_says_so_and_offers_nothing(
    open_page: OpenPage, study: Workspace, test_data: Path, tmp_path: Path
) -> None:
    case_id = slide_case(study, test_data / "slides" / "CMU-1-overview.tiff", tmp_path)

    page = open_page("case", case=case_id)

    assert not page.exception
    assert "SLIDE-COARSE" in words(page)
    assert "Analyse" not in [button.label for button in page.button]


@pytest.mark.slow
def test_a_slide_that_has_gone_is_told_and_the_next_case_works(
    open_page: OpenPage, study: Workspace, test_data: Path, tmp_path: Path
) -> None:
    case_id = slide_case(study, test_data / "slides" / "CMU-1-overview.tiff", tmp_path)
    study.case(case_id).slides[0].path.unlink()

    page = open_page("case", case=case_id)
    after = open_page("case", case=study.study.list()[0].id)

    assert not page.exception
    assert "hn-refusal" in words(page)
    where = re.findall(r'<p class="hn-where">(.*?)</p>', words(page))
    assert where == ["CMU-1-overview.tiff"]  # the name, never the folder
    assert "percentile" in markup_of(after, "prognosis")
