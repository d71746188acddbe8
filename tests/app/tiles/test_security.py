"""Hosts, headers, tokens: what every answer of the process keeps to."""

import subprocess
import sys
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from app.tiles.content_policy import content_security_policy, inline_script_hashes
from app.tiles.security import security_middleware
from app.tiles.tokens import MAX_TOKEN, mint_token, read_token

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "127.0.0.2"])
def test_another_host_is_refused_on_every_route(
    client: TestClient, token: str, host: str
) -> None:
    for path in (f"/wsi/{token}/0/0_0.jpg", "/maps/x.f32", "/viewer/viewer.js", "/"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code == 400
        assert answer.headers["content-security-policy"]


@pytest.mark.parametrize("host", ["localhost", "localhost:8501", "127.0.0.1:8501"])
def test_this_machine_is_answered(client: TestClient, token: str, host: str) -> None:
    answer = client.get(f"/wsi/{token}/0/0_0.jpg", headers={"Host": host})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://[", "https://localhost.evil.example"]
)
def test_a_page_of_another_host_is_refused_on_every_route(
    client: TestClient, token: str, origin: str
) -> None:
    for path in (f"/wsi/{token}/0/0_0.jpg", "/maps/x.f32", "/"):
        answer = client.get(path, headers={"Host": "localhost", "Origin": origin})
        assert answer.status_code == 403
        assert answer.headers["content-security-policy"]


def test_a_socket_of_another_page_never_reaches_what_lies_behind() -> None:
    asked: list[str] = []

    async def behind(scope: Scope, _receive: Receive, send: Send) -> None:
        asked.append(str(scope["path"]))
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close"})

    site = Starlette(
        routes=[Mount("/", app=behind)], middleware=security_middleware(("localhost",))
    )
    client = TestClient(site)

    for origin in ("http://evil.example", "null"):
        with (
            pytest.raises(WebSocketDisconnect),
            client.websocket_connect(
                "ws://localhost/_stcore/stream", headers={"Origin": origin}
            ),
        ):
            pass
    assert asked == []
    with client.websocket_connect(
        "ws://localhost/ok", headers={"Origin": "http://localhost:8501"}
    ):
        pass
    assert asked == ["/ok"]


def test_this_page_may_ask(client: TestClient, token: str) -> None:
    answer = client.get(
        f"/wsi/{token}/0/0_0.jpg",
        headers={"Host": "localhost:8501", "Origin": "http://localhost:8501"},
    )

    assert answer.status_code == 200


def test_every_answer_has_the_security_headers(client: TestClient) -> None:
    for path in ("/maps/x.f32", "/nowhere"):
        headers = client.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"


def test_the_policy_allows_no_foreign_host_and_no_eval() -> None:
    policy = content_security_policy()

    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "unsafe" not in scripts
    assert "http" not in policy
    assert "*" not in policy


def test_the_hash_of_an_inline_script_is_the_one_that_browsers_compute() -> None:
    # worked by hand: printf 'alert(1)' | openssl dgst -sha256 -binary | base64
    page = "<head><script>alert(1)</script><script src='x.js'></script></head>"

    assert inline_script_hashes(page) == ["sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI="]


def test_a_token_leads_back_to_its_slide_and_is_the_same_each_time() -> None:
    assert read_token(mint_token("slide-7")) == "slide-7"
    assert mint_token("slide-7") == mint_token("slide-7")


@pytest.mark.parametrize("place", range(0, 60, 7))
def test_a_changed_token_is_worth_nothing(place: int) -> None:
    token = mint_token("a-slide-with-a-long-identifier-of-its-own")
    other = "A" if token[place] != "A" else "B"

    assert read_token(token[:place] + other + token[place + 1 :]) is None


@pytest.mark.parametrize(
    "token", ["", "x", "a.b", "\u00e9", "x" * (MAX_TOKEN + 1), "a b", "a\n"]
)
def test_nonsense_is_no_token(token: str) -> None:
    assert read_token(token) is None


def test_a_token_of_another_process_is_worth_nothing() -> None:
    foreign = run_apart("from app.tiles.tokens import mint_token; print(mint_token('mine'))")

    assert foreign
    assert read_token(foreign) is None


def test_the_tile_service_loads_neither_torch_nor_streamlit() -> None:
    loaded = run_apart(
        "import sys, app.tiles.routes, app.tiles.security, app.tiles.nodelay; "
        "print(sorted({'torch', 'streamlit'} & set(sys.modules)))"
    )

    assert loaded == "[]"


def run_apart(script: str) -> str:
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()
