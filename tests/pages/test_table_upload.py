"""Adding a table: the patient is chosen by a person, never by position."""

import re
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from app.models import load_model
from app.store import intake
from app.store.workspace import Workspace
from tests.pages.conftest import OpenPage, words

TABLE = b"case_id,TP53\nP1,1.5\nP2,0.5\n"


def upload(page: AppTest, content: bytes = TABLE) -> AppTest:
    return page.file_uploader[0].set_value(("cohort.csv", content, "text/csv")).run()


def patient(page: AppTest) -> object:
    return next(box for box in page.selectbox if box.label == "Patient")


def add_button(page: AppTest) -> object:
    return next(button for button in page.button if button.label == "Add")


def test_no_patient_is_chosen_beforehand(open_page: OpenPage, workspace: Workspace) -> None:
    case_id = workspace.own.add(title="Somebody")

    page = upload(open_page("case", case=case_id))

    assert not page.exception
    assert patient(page).value is None
    assert patient(page).placeholder == "Choose the patient"
    assert add_button(page).disabled


def test_the_chosen_patient_is_added(open_page: OpenPage, workspace: Workspace) -> None:
    case_id = workspace.own.add(title="Somebody")
    page = upload(open_page("case", case=case_id))

    patient(page).set_value("P2").run()
    add_button(page).click().run()

    assert not page.exception
    assert [table.row_key for table in workspace.case(case_id).tables] == ["P2"]


@pytest.mark.parametrize(("title", "value"), [("P2", "P2"), ("P", None), ("p2", None)])
def test_only_the_exact_name_of_the_case_is_offered(
    open_page: OpenPage, workspace: Workspace, title: str, value: str | None
) -> None:
    case_id = workspace.own.add(title=title)

    page = upload(open_page("case", case=case_id))

    assert patient(page).value == value


def test_a_refused_table_is_called_by_its_own_name(
    open_page: OpenPage, workspace: Workspace
) -> None:
    case_id = workspace.own.add(title="Somebody")

    page = upload(open_page("case", case=case_id), b"case_id,TP53\nP1,1\nP1,2\n")

    where = re.findall(r'<p class="hn-where">(.*?)</p>', words(page))
    assert len(where) == 1
    assert where[0].startswith("cohort.csv, ")


def test_a_table_that_the_model_refuses_is_called_by_its_own_name(
    open_page: OpenPage, study: Workspace
) -> None:
    case_id = study.own.add(title="P1")
    intake.add_table(
        study,
        case_id,
        modality="rna",
        name="mine.csv",
        content=b"case_id,NOT_A_GENE\nP1,1\n",
        row="P1",
    )
    copy = study.case(case_id).tables[0].path

    page = open_page("case", case=case_id)

    assert not page.exception
    assert "hn-refusal" in words(page)
    assert copy.name not in words(page)


def mostly_empty(study: Workspace) -> bytes:
    """Every name that the model expects, and a value for one."""
    names = load_model(study).inputs.tables["rna"].columns
    return f"case_id,{','.join(names)}\nP1,1{',' * (len(names) - 1)}\n".encode()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (b"case_id,NOT_A_GENE\nP1,1\n", "features"),
        (b"case_id,TP53\nP1,high\n", "TP53"),
        (mostly_empty, "features have a value"),
    ],
)
def test_a_table_that_the_model_cannot_read_is_refused_where_it_is_added(
    open_page: OpenPage,
    study: Workspace,
    table: bytes | Callable[[Workspace], bytes],
    said: str,
) -> None:
    case_id = study.own.add(title="P1")
    table = table if isinstance(table, bytes) else table(study)

    page = upload(open_page("case", case=case_id), table)
    add_button(page).click()
    page.run()

    assert not page.exception
    assert "hn-refusal" in words(page)
    assert said in words(page)
    assert study.case(case_id).tables == ()
    assert list(study.settings.tables.iterdir()) == []


def test_names_of_files_and_rows_are_shown_as_text(
    open_page: OpenPage, workspace: Workspace
) -> None:
    case_id = workspace.own.add(title="Somebody")
    row = "**bold** <b>P1</b>"
    intake.add_table(
        workspace,
        case_id,
        modality="rna",
        name="[link](http://x) <i>.csv",
        content=f"case_id,TP53\n{row},1\n".encode(),
        row=row,
    )

    page = open_page("case", case=case_id)

    shown = words(page)
    assert "rna: [link](http://x) &lt;i&gt;.csv, row **bold** &lt;b&gt;P1&lt;/b&gt;" in shown
    assert not [caption for caption in page.caption if "bold" in caption.value]
