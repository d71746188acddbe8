"""The PDF is a PDF: its table of objects is right, its text is escaped, its pages are full."""

import re
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healnet.explain.csv_files import attention_csv, attributions_csv
from healnet.explain.pdf_document import PdfDocument, text_width, wrapped
from healnet.explain.pdf_report import report_pdf
from healnet.explain.prediction import Prediction
from healnet.explain.prediction_files import PredictionFiles, read_prediction
from healnet.explain.result_json import explanation_json, result_json
from tests.explain.pdf_text import text_of


def files_of(prediction: Prediction, folder: Path) -> PredictionFiles:
    (folder / "result.json").write_text(result_json(prediction))
    (folder / "explanation.json").write_text(explanation_json(prediction))
    (folder / "attention.csv").write_text(attention_csv(prediction.slides))
    (folder / "attributions.csv").write_text(attributions_csv(prediction))
    return read_prediction(folder)


def test_every_offset_of_the_table_points_at_its_object() -> None:
    document = PdfDocument(title="a (title) with \\ marks")
    document.new_page()
    document.text(50, 700, "text")
    document.picture(np.zeros((3, 5, 3), np.uint8), 50, 500, width=100)
    document.new_page()

    content = document.to_bytes()

    start = int(re.search(rb"startxref\n(\d+)", content)[1])
    assert content[start:].startswith(b"xref")
    offsets = [int(x) for x in re.findall(rb"(\d{10}) 00000 n", content)]
    for number, offset in enumerate(offsets, start=1):
        assert content[offset:].startswith(b"%d 0 obj" % number)
    assert content.count(b"/Type /Page ") == 2


@given(text=st.text(max_size=80), size=st.floats(6, 20), width=st.floats(40, 500))
def test_lines_fit_and_lose_no_word(text: str, size: float, width: float) -> None:
    lines = wrapped(text, size=size, width=width)

    assert all(text_width(line, size=size) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


@pytest.mark.parametrize("text", ["(((", "\\)", "a\nb", "\x00", "ä€漢"])
def test_no_text_can_leave_its_brackets(text: str) -> None:
    document = PdfDocument(title=text)
    document.new_page()
    document.text(0, 0, text)

    content = document.to_bytes()
    streams = re.findall(rb"stream\n(.*?)\nendstream", content, flags=re.DOTALL)

    drawn = zlib.decompress(streams[0])
    assert re.fullmatch(rb"BT /F1 10 Tf 0.00 0.00 Td \((?:[^()\\]|\\.)*\) Tj ET", drawn)


def test_the_report_says_what_the_result_says(prediction: Prediction, tmp_path: Path) -> None:
    content = report_pdf(files_of(prediction, tmp_path))

    said = text_of(content)
    assert "Higher-risk group, 82nd percentile" in said
    assert "Research use only" in said
    assert "A <script> in a name" in said
    assert prediction.model_sha256 in said


def test_names_that_the_font_lacks_stay_different(
    prediction: Prediction, tmp_path: Path
) -> None:
    said = {}
    for name in ("\u0418\u0432\u0430", "\u041e\u043b\u044f", "Zo\u00eb"):
        content = report_pdf(files_of(replace(prediction, case_id=name), tmp_path))
        said[name] = text_of(content)
        assert "???" not in said[name]

    cyrillic, other, latin_name = said.values()
    assert r"\\u0418\\u0432\\u0430" in cyrillic
    assert r"\\u041e\\u043b\\u044f" in other
    assert "the HTML report shows them" in cyrillic
    assert "Zo\u00eb" in latin_name
    assert "the HTML report shows them" not in latin_name


def test_the_report_names_a_synthetic_model_and_marks_the_headline(
    prediction: Prediction, tmp_path: Path
) -> None:
    said = text_of(report_pdf(files_of(replace(prediction, is_synthetic=True), tmp_path)))

    assert "invented patients." in said
    assert r"40 of 100 at 60 months \(headline\)" in said


def test_a_long_report_has_the_banner_on_every_page(
    prediction: Prediction, tmp_path: Path
) -> None:
    many = replace(prediction, warnings=prediction.warnings * 90)

    content = report_pdf(files_of(many, tmp_path))

    pages = content.count(b"/Type /Page ")
    assert pages > 2
    assert text_of(content).count("Research use only") == pages
