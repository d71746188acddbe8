"""Slides come in as one streamed request body, straight to disk, counted while they stream.

``PUT /upload/slide?name=scan.svs`` with the header ``X-HealNet-Upload: <token>``. The token is
minted for a page of this server and cannot be set by a form of another site. Files get random
names; a part file never outlives its request.
"""

import contextlib
import hashlib
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from anyio import to_thread
from itsdangerous import BadData, URLSafeTimedSerializer
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from healnet.exceptions import HealNetError, SlideError

TOKEN_HEADER = "X-HealNet-Upload"  # noqa: S105  (the name of a header)
TOKEN_LIFETIME_S = 12 * 3600
MAX_NAME = 255
SUFFIXES = frozenset(
    {".svs", ".tif", ".tiff", ".ndpi", ".mrxs", ".scn", ".bif", ".svslide", ".vms", ".dcm"}
)
GIGABYTE = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class UploadLimits:
    """How much may come in.

    Attributes:
        max_bytes: Largest file.
        kept_free_bytes: Disk space that stays free.
    """

    max_bytes: int
    kept_free_bytes: int = 10 * GIGABYTE


@dataclass(frozen=True, kw_only=True)
class StoredUpload:
    """A file that has arrived whole.

    Attributes:
        path: Where it lies, under a random name.
        name: As its sender called it. Show it escaped; use it for nothing.
        sha256: Of all bytes.
    """

    path: Path
    name: str
    size: int
    sha256: str


OnStored = Callable[[StoredUpload], Mapping[str, str]]


def mint_upload_token() -> str:
    """Return a token that lets one page of this server send slides."""
    return _serializer().dumps(secrets.token_urlsafe(8))


def create_upload_routes(
    folder: Path, *, limits: UploadLimits, on_stored: OnStored
) -> list[BaseRoute]:
    """Return the upload route.

    Args:
        folder: Where files are kept.
        limits: How much may come in.
        on_stored: Called in a thread with each whole file; what it returns is the answer. If
            it refuses, the file is removed and the refusal is the answer.
    """

    async def receive(request: Request) -> Response:
        try:
            _check_token(request)
            name = _file_name(request)
            _check_room(folder, limits, _announced(request))
            stored = await _store(request, folder, name=name, limits=limits)
        except ClientDisconnect:
            return Response(status_code=499)  # nobody listens any more
        except _Refused as refused:
            return refused.response()
        return await _hand_over(stored, on_stored)

    return [Route("/upload/slide", receive, methods=["PUT"])]


async def _hand_over(stored: StoredUpload, on_stored: OnStored) -> Response:
    try:
        answer = await to_thread.run_sync(on_stored, stored)
    except HealNetError as error:
        stored.path.unlink(missing_ok=True)
        return JSONResponse({"problem": error.to_dict()})  # it arrived; this is the verdict
    return JSONResponse(dict(answer), status_code=201)


async def _store(
    request: Request, folder: Path, *, name: str, limits: UploadLimits
) -> StoredUpload:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    random_name = secrets.token_urlsafe(16)
    final = folder / f"{random_name}{Path(name).suffix.lower()}"
    with _part_file(folder / f"{random_name}.part") as part:
        size, sha256 = await _copy(request.stream(), part, limits)
        if size == 0:
            raise _Refused(400, _problem("UPLOAD-EMPTY", "the file is empty", name))
        part.replace(final)
    return StoredUpload(path=final, name=name, size=size, sha256=sha256)


async def _copy(
    chunks: AsyncIterator[bytes], part: Path, limits: UploadLimits
) -> tuple[int, str]:
    """Write the body to the part file and return its size and hash."""
    size, digest = 0, hashlib.sha256()
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        async for chunk in chunks:
            size += len(chunk)
            if size > limits.max_bytes:
                raise _too_large(limits)
            digest.update(chunk)
            await to_thread.run_sync(file.write, chunk)
        file.flush()
        await to_thread.run_sync(os.fsync, file.fileno())
    return size, digest.hexdigest()


@contextlib.contextmanager
def _part_file(part: Path) -> Iterator[Path]:
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


class _Refused(Exception):  # noqa: N818  (an answer, not a fault)
    """Ends a request with a status and the error contract."""

    def __init__(self, status: int, problem: SlideError) -> None:
        super().__init__(problem.what)
        self.status, self.problem = status, problem

    def response(self) -> Response:
        return JSONResponse({"problem": self.problem.to_dict()}, status_code=self.status)


@lru_cache(maxsize=1)
def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secrets.token_bytes(32), salt="upload")


def _check_token(request: Request) -> None:
    try:
        _serializer().loads(request.headers.get(TOKEN_HEADER, ""), max_age=TOKEN_LIFETIME_S)
    except BadData:
        problem = _problem("UPLOAD-TOKEN", "this page may not upload any more", "")
        problem.fix = "reload the page and choose the file again"
        raise _Refused(403, problem) from None


def _file_name(request: Request) -> str:
    sent = request.query_params.get("name", "").replace("\\", "/")
    name = "".join(sign for sign in sent.rsplit("/", 1)[-1] if sign.isprintable())[:MAX_NAME]
    if Path(name).suffix.lower() not in SUFFIXES:
        problem = _problem("UPLOAD-TYPE", "this kind of file is not a slide", name)
        problem.why = "it would not open"
        problem.fix = f"choose one of {', '.join(sorted(SUFFIXES))}"
        raise _Refused(415, problem)
    return name


def _announced(request: Request) -> int:
    length = request.headers.get("content-length", "0")
    return int(length) if length.isdecimal() else 0


def _check_room(folder: Path, limits: UploadLimits, announced: int) -> None:
    if announced > limits.max_bytes:
        raise _too_large(limits)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if shutil.disk_usage(folder).free - announced < limits.kept_free_bytes:
        problem = _problem("UPLOAD-DISK", "there is not enough room on the disk", "")
        problem.why = f"{limits.kept_free_bytes / GIGABYTE:g} GB must stay free"
        problem.fix = "free some space, or open the slide from a folder without copying it"
        raise _Refused(507, problem)


def _too_large(limits: UploadLimits) -> _Refused:
    problem = _problem("UPLOAD-SIZE", "the file is larger than this server takes", "")
    problem.why = f"the limit is {limits.max_bytes / GIGABYTE:g} GB"
    problem.fix = "put it into a slide folder and open it from there, without copying"
    return _Refused(413, problem)


def _problem(code: str, what: str, where: str) -> SlideError:
    return SlideError(what, code=code, where=where)
