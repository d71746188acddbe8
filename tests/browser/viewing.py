"""Looking at a page with a viewer: what it says of itself, and its pixels."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

Page = Any
Open = Callable[..., Page]


def view_of(page: Page) -> dict[str, Any] | None:
    return page.evaluate("window.healnetViewer ?? null")


def until(page: Page, holds: Callable[[dict[str, Any]], bool], seconds: float = 40) -> None:
    for _ in range(int(seconds * 20)):
        view = view_of(page)
        if view is not None and view.get("isOpen") and holds(view):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"not within {seconds:g} s: {view_of(page)}")


def rest(page: Page) -> None:
    """Wait until nothing moves any more."""
    page.wait_for_timeout(200)
    before = -1
    while (frames := view_of(page)["frames"]) != before:
        before = frames
        page.wait_for_timeout(250)


def stage_of(page: Page) -> NDArray[np.int64]:
    """The pixels of the stage: the slide and what lies over it."""
    body = page.locator(".hw-stage").screenshot()
    return np.asarray(Image.open(io.BytesIO(body)).convert("RGB")).astype(int)


def press(page: Page, key: str) -> None:
    page.keyboard.press(key)
    rest(page)
