"""What nobody foresaw: one message with a code, and the cause in the log only."""

import logging

import pytest
from streamlit.testing.v1 import AppTest


def broken_page() -> None:
    from app.script_errors import show_unexpected  # noqa: PLC0415

    assert show_unexpected(ValueError("/secret/folder of Jane Doe"))


def refusing_page() -> None:
    from app.script_errors import show_unexpected  # noqa: PLC0415
    from healnet.exceptions import SlideError  # noqa: PLC0415

    assert show_unexpected(SlideError("it is torn", code="SLIDE-TORN", fix="scan it again"))


def words(page: AppTest) -> str:
    return "".join(block.proto.body for block in page.get("html"))


def test_the_page_shows_a_code_and_the_log_the_cause(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        page = AppTest.from_function(broken_page).run()

    shown = words(page)
    code = shown.split("APP-")[1][:8]
    assert "secret" not in shown
    assert "Jane" not in shown
    assert "ValueError" not in shown
    assert code in caplog.text
    assert "/secret/folder of Jane Doe" in caplog.text


def test_a_refusal_is_shown_in_its_own_words() -> None:
    shown = words(AppTest.from_function(refusing_page).run())

    assert "It is torn." in shown
    assert "Scan it again." in shown
    assert "SLIDE-TORN" in shown
