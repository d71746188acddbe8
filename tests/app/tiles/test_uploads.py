"""The upload route: whole files or nothing, counted while they stream, under random names."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from app.tiles.uploads import (
    TOKEN_HEADER,
    StoredUpload,
    UploadLimits,
    create_upload_routes,
    mint_upload_token,
)
from healnet.exceptions import SlideError

LIMIT = 1000


class Intake:
    """Remembers what has arrived, and refuses what is called refuse.svs."""

    def __init__(self) -> None:
        self.stored: list[StoredUpload] = []

    def __call__(self, stored: StoredUpload) -> dict[str, str]:
        if stored.name == "refuse.svs":
            raise SlideError("not a slide", code="SLIDE-UNKNOWN", fix="choose another file")
        self.stored.append(stored)
        return {"case": "new"}


@pytest.fixture
def intake() -> Intake:
    return Intake()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "uploads"


@pytest.fixture
def client(intake: Intake, folder: Path) -> Iterator[TestClient]:
    limits = UploadLimits(max_bytes=LIMIT, kept_free_bytes=0)
    routes = create_upload_routes(folder, limits=limits, on_stored=intake)
    with TestClient(Starlette(routes=routes)) as client:
        yield client


def put(
    client: TestClient, content: object, *, name: str = "scan.svs", token: str | None = None
) -> httpx2.Response:
    headers = {TOKEN_HEADER: mint_upload_token() if token is None else token}
    return client.put("/upload/slide", params={"name": name}, content=content, headers=headers)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_a_file_arrives_whole_under_a_random_name(
    client: TestClient, intake: Intake, folder: Path
) -> None:
    content = bytes(range(256)) * 3

    answer = put(client, content)

    assert (answer.status_code, answer.json()) == (201, {"case": "new"})
    stored = intake.stored[0]
    assert stored.path.read_bytes() == content
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert (stored.name, stored.size, stored.path.suffix) == ("scan.svs", 768, ".svs")
    assert files(folder) == [stored.path.name]
    assert "scan" not in stored.path.name


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c"])
def test_without_a_token_nothing_is_stored(
    client: TestClient, intake: Intake, folder: Path, token: str
) -> None:
    answer = put(client, b"x", token=token)

    assert answer.status_code == 403
    assert answer.json()["problem"]["code"] == "UPLOAD-TOKEN"
    assert (intake.stored, files(folder)) == ([], [])


@pytest.mark.parametrize(("size", "status"), [(LIMIT, 201), (LIMIT + 1, 413)])
def test_the_limit_is_exact(client: TestClient, size: int, status: int) -> None:
    assert put(client, b"x" * size).status_code == status


def test_a_stream_without_a_length_is_cut_at_the_limit(
    client: TestClient, intake: Intake, folder: Path
) -> None:
    answer = put(client, (b"x" * 100 for _ in range(50)))

    assert answer.status_code == 413
    assert answer.json()["problem"]["code"] == "UPLOAD-SIZE"
    assert (intake.stored, files(folder)) == ([], [])


def test_a_refused_slide_leaves_no_file(client: TestClient, folder: Path) -> None:
    answer = put(client, b"x", name="refuse.svs")

    assert answer.status_code == 200
    assert answer.json()["problem"] == {
        "code": "SLIDE-UNKNOWN",
        "what": "not a slide",
        "where": "",
        "why": "",
        "fix": "choose another file",
    }
    assert files(folder) == []


@pytest.mark.parametrize("name", ["notes.txt", "a.exe", "", "svs", "x.svs.html"])
def test_another_kind_of_file_is_refused_before_it_is_read(
    client: TestClient, folder: Path, name: str
) -> None:
    answer = put(client, b"x", name=name)

    assert answer.status_code == 415
    assert files(folder) == []


@pytest.mark.parametrize(
    "name", ["../../etc/x.svs", "..\\..\\x.svs", "/abs/x.svs", "x\n.svs", "a" * 500 + ".svs"]
)
def test_a_hostile_name_never_becomes_a_path(
    client: TestClient, intake: Intake, folder: Path, name: str
) -> None:
    put(client, b"x", name=name)

    for stored in intake.stored:
        assert stored.path.parent == folder
        assert not set(stored.name) & set("/\\\n")
    assert len(files(folder)) == len(intake.stored)


def test_an_empty_file_is_refused(client: TestClient, folder: Path) -> None:
    assert put(client, b"").status_code == 400
    assert files(folder) == []


@pytest.mark.parametrize("verb", ["GET", "POST", "DELETE", "PATCH"])
def test_other_verbs_change_nothing(client: TestClient, folder: Path, verb: str) -> None:
    answer = client.request(verb, "/upload/slide", params={"name": "scan.svs"})

    assert answer.status_code == 405
    assert files(folder) == []


def test_a_full_disk_is_said_before_anything_is_read(intake: Intake, folder: Path) -> None:
    limits = UploadLimits(max_bytes=LIMIT, kept_free_bytes=1 << 60)
    routes = create_upload_routes(folder, limits=limits, on_stored=intake)
    with TestClient(Starlette(routes=routes)) as client:
        answer = put(client, b"x")

    assert answer.status_code == 507
    assert files(folder) == []
