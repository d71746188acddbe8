"""The element that sends a slide to the upload route, with progress and a way to stop."""

from typing import cast

import streamlit as st

from app.tiles.uploads import SUFFIXES, TOKEN_HEADER, mint_upload_token

MARKUP = """
<div class="hn-upload">
  <label class="hn-drop" tabindex="0">
    <input type="file" hidden>
    <span>Choose a slide file, or drop it here</span>
  </label>
  <div class="hn-sending" hidden>
    <progress max="1" value="0"></progress><span class="hn-sent"></span>
    <button type="button" class="hn-stop">Cancel</button>
  </div>
  <div class="hn-answer" role="alert" hidden></div>
</div>
"""

SCRIPT = """
const KILOBYTE = 1e3;
const MEGABYTE = 1e6;

function tell(box, problem) {
  const answer = box.querySelector(".hn-answer");
  answer.replaceChildren();
  const lines = [problem.what, problem.where, problem.why, problem.fix, problem.code];
  for (const text of lines) {
    if (!text) continue;
    const line = document.createElement("p");
    line.textContent = text;
    answer.append(line);
  }
  answer.hidden = false;
}

function send(box, file, data, done) {
  const sending = box.querySelector(".hn-sending");
  const request = new XMLHttpRequest();
  const address = new URL("/upload/slide", document.baseURI);
  address.searchParams.set("name", file.name);
  request.open("PUT", address.href);
  request.setRequestHeader(data.header, data.token);
  request.upload.onprogress = (event) => {
    sending.querySelector("progress").value = event.loaded / file.size;
    const [unit, name] = file.size < MEGABYTE ? [KILOBYTE, "kB"] : [MEGABYTE, "MB"];
    const count = (bytes) => (bytes / unit).toFixed(0);
    sending.querySelector(".hn-sent").textContent = event.loaded < file.size
      ? `${count(event.loaded)} of ${count(file.size)} ${name}` : "checking the file";
  };
  const over = () => { sending.hidden = true; };
  request.onload = () => {
    over();
    let reply = {};
    try { reply = JSON.parse(request.responseText); } catch { reply = {}; }
    if (request.status === 201) done(reply.case);
    else tell(box, reply.problem || { what: "The server refused the file." });
  };
  request.onerror = () => {
    over();
    tell(box, { what: "The upload broke off.", fix: "Check the connection and try again." });
  };
  request.onabort = () => {
    over();
    tell(box, { what: "Stopped. Nothing was saved." });
  };
  box.querySelector(".hn-stop").onclick = () => request.abort();
  box.querySelector(".hn-answer").hidden = true;
  sending.hidden = false;
  request.send(file);
}

export default function (component) {
  const { parentElement, data, setTriggerValue } = component;
  const box = parentElement.querySelector(".hn-upload");
  const input = box.querySelector("input");
  const drop = box.querySelector(".hn-drop");
  const start = (file) => file && send(box, file, data, (id) => setTriggerValue("stored", id));
  input.accept = data.accept;
  input.onchange = () => start(input.files[0]);
  drop.ondragover = (event) => { event.preventDefault(); drop.dataset.over = "yes"; };
  drop.ondragleave = () => { delete drop.dataset.over; };
  drop.ondrop = (event) => {
    event.preventDefault();
    delete drop.dataset.over;
    start(event.dataTransfer.files[0]);
  };
  drop.onkeydown = (event) => {
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); input.click(); }
  };
}
"""


def upload_box(*, key: str) -> str | None:
    """Show the element and return the id of the case that an upload has made, once."""
    component = st.components.v2.component(
        "healnet_upload", html=MARKUP, js=SCRIPT, isolate_styles=False
    )
    result = component(
        data={
            "token": mint_upload_token(),
            "header": TOKEN_HEADER,
            "accept": ",".join(sorted(SUFFIXES)),
        },
        key=key,
        on_stored_change=_nothing,
    )
    return cast("str | None", result.stored)


def _nothing() -> None:
    """Ask Streamlit for the trigger; the page reads it in the same run."""
