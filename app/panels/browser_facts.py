"""What the reader's browser draws with: a software renderer explains a slow slide."""

import streamlit as st

MARKUP = '<table class="hn-table hn-left hn-browser"></table>'

SCRIPT = """
function renderer() {
  const context = document.createElement("canvas").getContext("webgl");
  if (!context) return "none";
  const details = context.getExtension("WEBGL_debug_renderer_info");
  const name = details ? details.UNMASKED_RENDERER_WEBGL : context.RENDERER;
  return String(context.getParameter(name));
}

export default function (component) {
  const table = component.parentElement.querySelector(".hn-browser");
  const isSoftware = /swiftshader|llvmpipe|basic render|software/i.test(renderer());
  const rows = [
    ["WebGL renderer", renderer()],
    ["slides are drawn with", isSoftware ? "canvas (no graphics processor)" : "WebGL"],
    ["pixels per CSS pixel", String(window.devicePixelRatio)],
    ["window", `${window.innerWidth} x ${window.innerHeight}`],
  ];
  table.replaceChildren(...rows.map(([name, value]) => {
    const row = document.createElement("tr");
    const head = document.createElement("th");
    const cell = document.createElement("td");
    head.textContent = name;
    cell.textContent = value;
    row.append(head, cell);
    return row;
  }));
}
"""


def show() -> None:
    """Show renderer, drawer and window of the browser that looks at this page."""
    component = st.components.v2.component(
        "healnet_browser", html=MARKUP, js=SCRIPT, isolate_styles=False
    )
    component(key="browser-facts")
