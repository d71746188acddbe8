"""The slide viewer as a Streamlit component.

Keyed and frameless: it survives reruns and keeps its place and zoom. Its script is a file of
this server (``/viewer/viewer.js``), loaded by the few lines below, so that the content policy
can refuse every foreign script.
"""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import streamlit as st

from app.viewer.messages import ViewerEvent, ViewerScene
from healnet.exceptions import HealNetError

DIST = Path(__file__).parent / "dist"
_LOADER = """
const loaded = new Map();
function load({ script, style }) {
  if (!loaded.has(script)) {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = new URL(style, document.baseURI).href;
    const styled = new Promise((done) => { link.onload = link.onerror = done; });
    document.head.append(link);
    const module = import(new URL(script, document.baseURI).href);
    loaded.set(script, Promise.all([module, styled]).then(([ready]) => ready));
  }
  return loaded.get(script);
}
export default async function (component) {
  const { scene, ...files } = component.data;
  const { mount } = await load(files);
  return mount({ ...component, data: scene });
}
"""


def slide_viewer(scene: ViewerScene, *, key: str) -> ViewerEvent | None:
    """Show a slide with its maps.

    Args:
        scene: What to show. A change of the maps keeps the view; another slide starts afresh.
        key: Name of this viewer on the page, the same in every rerun.

    Returns:
        What the reader just did, if ``scene.reports`` asks for it, else None.

    Raises:
        HealNetError: ``VIEWER-NOT-BUILT`` if the front end was never bundled.
    """
    files = _addresses(_build_stamp())
    result = _component()(
        key=key,
        data={"scene": scene.to_dict(), **files},
        height=scene.height_px or "content",
        on_picked_change=_ignore,
    )
    picked = result.get("picked")
    if not isinstance(picked, Mapping):
        return None
    return ViewerEvent.from_message("picked", picked)


def _ignore() -> None:
    """A trigger needs a callback to exist; the event is returned instead."""


@lru_cache(maxsize=1)
def _component() -> "st.components.v2.types.ComponentRenderer":
    return st.components.v2.component("healnet_slide_viewer", js=_LOADER, isolate_styles=False)


def _build_stamp() -> int:
    script = DIST / "viewer.js"
    if not script.is_file():
        raise HealNetError(
            "the slide viewer is not built",
            code="VIEWER-NOT-BUILT",
            where="app/viewer/dist",
            fix="run: python hatch_build.py",
        )
    return script.stat().st_mtime_ns


@lru_cache(maxsize=2)
def _addresses(_stamp: int) -> dict[str, str]:
    """Addresses of the script and the style, with the hash of their content."""
    return {
        name: f"viewer/{file}?v={hashlib.sha256((DIST / file).read_bytes()).hexdigest()[:20]}"
        for name, file in (("script", "viewer.js"), ("style", "viewer.css"))
    }
