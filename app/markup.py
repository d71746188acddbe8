"""Show markup that ``st.html`` would strip (SVG), and hear which part of it was pressed.

Whoever makes the markup escapes every text in it. An element with ``data-press="x"`` is a
button for mouse and keyboard: pressing it makes :func:`show` return ``"x"`` once.
"""

from typing import cast

import streamlit as st

SCRIPT = """
export default function (component) {
  const { parentElement, data, setTriggerValue } = component;
  const place = parentElement.querySelector(".hn-markup");
  if (!place) return;
  if (place.dataset.shown !== data.html) {
    place.innerHTML = data.html;
    place.dataset.shown = data.html;
  }
  const pressed = (event) => {
    const target = event.target.closest("[data-press]");
    const isKey = event.type === "keydown";
    if (!target || (isKey && event.key !== "Enter" && event.key !== " ")) return;
    event.preventDefault();
    setTriggerValue("pressed", target.dataset.press);
  };
  place.onclick = pressed;
  place.onkeydown = pressed;
}
"""


def show(html: str, *, key: str) -> str | None:
    """Show markup and return what was pressed in it since the last run, if anything.

    Args:
        html: Markup whose texts are escaped already.
        key: Names the place; new markup under the same key replaces the old one.
    """
    component = st.components.v2.component(
        "healnet_markup", html='<div class="hn-markup"></div>', js=SCRIPT, isolate_styles=False
    )
    result = component(data={"html": html}, key=key, on_pressed_change=_nothing)
    return cast("str | None", result.pressed)


def _nothing() -> None:
    """Ask Streamlit for the trigger; the page reads it in the same run."""
