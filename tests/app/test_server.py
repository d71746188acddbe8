"""The whole server: what it answers, to whom, and with which headers."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest

from app.settings import ROOT
from tests.browser.conftest import Server, start_server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    environment = {"HEALNET_WORKSPACE": str(tmp_path_factory.mktemp("workspace"))}
    server = start_server(ROOT / "run_app.py", environment=environment, seconds=120)
    yield server
    server.process.terminate()
    server.process.wait(20)


def ask(
    server: Server, path: str, *, method: str = "GET", headers: dict[str, str] | None = None
) -> tuple[int, bytes, Message]:
    request = urllib.request.Request(  # noqa: S310  (our own server)
        f"{server.address}{path}", method=method, headers=headers or {}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


@pytest.mark.parametrize("path", ["/", "/case", "/models", "/diagnostics"])
def test_each_page_answers_with_the_security_headers(server: Server, path: str) -> None:
    status, body, headers = ask(server, path)

    assert status == 200
    assert b"HEALNet Workbench" in body
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(
    "path", ["/tilez/x/0/0_0.jpg", "/wsi/unknown/0/0_0.jpg", "/maps/0.f32", "/..%2f..%2fetc"]
)
def test_what_is_not_there_is_not_found(server: Server, path: str) -> None:
    assert ask(server, path)[0] == 404


@pytest.mark.parametrize("path", ["/", "/viewer/viewer.js", "/wsi/x/0/0_0.jpg", "/boot.js"])
def test_a_foreign_host_is_refused_on_every_route(server: Server, path: str) -> None:
    assert ask(server, path, headers={"Host": "evil.example"})[0] == 400


def test_an_upload_without_a_token_is_refused(server: Server) -> None:
    status, body, _headers = ask(server, "/upload/slide?name=x.svs", method="PUT")

    assert status == 403
    assert json.loads(body)["problem"]["code"] == "UPLOAD-TOKEN"


def test_the_agent_interface_is_off(server: Server) -> None:
    assert ask(server, "/_stcore/agent/session", method="POST")[0] in {403, 404, 405}


def test_only_this_machine_is_listened_to(server: Server) -> None:
    port = int(server.address.rsplit(":", 1)[1])
    table = Path("/proc/net/tcp")
    if not table.is_file():
        pytest.skip("reads Linux's table of sockets")

    listening = [
        fields[1].split(":")[0]
        for line in table.read_text().splitlines()[1:]
        if (fields := line.split())[3] == "0A" and int(fields[1].split(":")[1], 16) == port
    ]

    assert listening == ["0100007F"]


def test_python_run_app_serves_as_well(tmp_path: Path) -> None:
    port = _free_port()
    environment = os.environ | {
        "HEALNET_WORKSPACE": str(tmp_path),
        "STREAMLIT_SERVER_PORT": str(port),
        "STREAMLIT_SERVER_HEADLESS": "true",
    }
    process = subprocess.Popen(
        [sys.executable, "run_app.py"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = Server(process=process, address=f"http://localhost:{port}")
    try:
        status = _first_answer(server, seconds=120)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)

    assert status == 200


def _first_answer(server: Server, *, seconds: float) -> int:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            return ask(server, "/")[0]
        except OSError:
            time.sleep(0.2)
    return 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
