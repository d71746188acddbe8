"""What keeps the tile service fast and alive: caches, queues, handles, sockets."""

import asyncio
import socket
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tiles.byte_cache import ByteCache
from app.tiles.handles import SlideHandles, SlideSource
from app.tiles.maps import find_map, publish_map
from app.tiles.newest_first import NewestFirst, TooBusyError
from app.tiles.nodelay import set_nodelay
from healnet.exceptions import HealNetError, SlideError
from healnet.slide.reader import Slide, open_slide


@given(sizes=st.lists(st.integers(0, 60), max_size=40), limit=st.integers(1, 100))
def test_the_cache_never_holds_more_than_its_limit(sizes: list[int], limit: int) -> None:
    cache = ByteCache(limit)

    for number, size in enumerate(sizes):
        cache.put(number % 7, b"x" * size)
        assert cache.size <= limit
        assert cache.size == sum(len(cache.get(name) or b"") for name in range(7))


def test_what_was_used_last_is_kept_longest() -> None:
    cache = ByteCache(2)
    cache.put("old", b"1")
    cache.put("new", b"2")

    cache.get("old")
    cache.put("newest", b"3")

    assert cache.get("old") == b"1"
    assert cache.get("new") is None


def test_the_newest_request_is_served_first() -> None:
    served: list[str] = []

    async def ask(gate: NewestFirst, name: str) -> None:
        async with gate.turn():
            served.append(name)
            await asyncio.sleep(0)

    async def scenario() -> None:
        gate = NewestFirst(1)
        async with gate.turn():
            tasks = []
            for name in ("first", "second", "third"):
                tasks.append(asyncio.create_task(ask(gate, name)))
                await asyncio.sleep(0)
        await asyncio.gather(*tasks)

    asyncio.run(scenario())

    assert served == ["third", "second", "first"]


def test_whoever_has_waited_long_comes_before_the_newest() -> None:
    served: list[str] = []

    async def ask(gate: NewestFirst, name: str) -> None:
        async with gate.turn():
            served.append(name)

    async def scenario() -> None:
        gate = NewestFirst(1, patience_s=0.02)
        async with gate.turn():
            first = asyncio.create_task(ask(gate, "first"))
            await asyncio.sleep(0.05)
            later = [asyncio.create_task(ask(gate, name)) for name in ("second", "third")]
            await asyncio.sleep(0)
        await asyncio.gather(first, *later)

    asyncio.run(scenario())

    assert served == ["first", "third", "second"]


def test_never_more_at_once_than_allowed() -> None:
    inside = 0
    most = 0

    async def ask(gate: NewestFirst) -> None:
        nonlocal inside, most
        async with gate.turn():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.001)
            inside -= 1

    async def scenario() -> None:
        gate = NewestFirst(3)
        await asyncio.gather(*(ask(gate) for _ in range(30)))
        async with gate.turn():  # every turn was given back
            pass

    asyncio.run(scenario())

    assert most == 3


def test_a_full_queue_says_so_at_once() -> None:
    async def scenario() -> None:
        gate = NewestFirst(1, max_waiting=1)
        async with gate.turn():
            waiting = asyncio.create_task(_pass_through(gate))
            await asyncio.sleep(0)
            with pytest.raises(TooBusyError):
                await _pass_through(gate)
        await waiting

    asyncio.run(scenario())


def test_a_request_that_waited_too_long_gives_up_and_leaves_no_trace() -> None:
    async def scenario() -> None:
        gate = NewestFirst(1, max_wait_s=0.01)
        async with gate.turn():
            with pytest.raises(TooBusyError):
                await _pass_through(gate)
        await _pass_through(gate)

    asyncio.run(scenario())


def test_a_request_that_was_called_off_does_not_keep_its_turn() -> None:
    async def scenario() -> None:
        gate = NewestFirst(1)
        async with gate.turn():
            waiting = asyncio.create_task(_pass_through(gate))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        await asyncio.wait_for(_pass_through(gate), 1)

    asyncio.run(scenario())


async def _pass_through(gate: NewestFirst) -> None:
    async with gate.turn():
        pass


def test_many_requests_open_a_slide_once(slide_file: Path) -> None:
    handles = SlideHandles()
    source = SlideSource(path=slide_file, sha256="a" * 64)
    seen: list[int] = []

    def borrow() -> None:
        with handles.borrow(source) as entry:
            seen.append(id(entry))

    threads = [threading.Thread(target=borrow) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(seen)) == 1
    handles.close()


def test_a_dropped_slide_stays_open_for_its_reader(slide_file: Path) -> None:
    handles = SlideHandles()
    source = SlideSource(path=slide_file, sha256="a" * 64)

    with handles.borrow(source) as entry:
        handles.drop(source)
        assert entry.slide.thumbnail(64).shape[1] == 64
        assert handles.known(source) is None

    with handles.borrow(source) as again:
        assert again is not entry
    handles.close()


def test_only_so_many_slides_stay_open(slide_file: Path) -> None:
    handles = SlideHandles(max_open=2)
    sources = [SlideSource(path=slide_file, sha256=letter * 64) for letter in "abc"]

    for source in sources:
        with handles.borrow(source):
            pass

    assert [handles.known(source) is not None for source in sources] == [False, True, True]
    handles.close()


def test_a_file_that_is_no_slide_is_not_probed_for_each_of_its_tiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "case.svs"
    path.write_bytes(b"")
    handles = SlideHandles()
    source = SlideSource(path=path, sha256="a" * 64)
    probed: list[Path] = []

    def watched(path: Path, **known: object) -> Slide:
        probed.append(path)
        return open_slide(path, **known)  # type: ignore[arg-type]

    monkeypatch.setattr("app.tiles.handles.open_slide", watched)
    for _ in range(20):
        with pytest.raises(SlideError), handles.borrow(source):
            pass

    assert probed == [path]


def test_a_file_that_was_mended_opens_after_a_while(
    tmp_path: Path, slide_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.tiles.handles.TRY_AGAIN_S", 0.0)
    path = tmp_path / "case.tiff"
    path.write_bytes(b"")
    handles = SlideHandles()
    source = SlideSource(path=path, sha256="a" * 64)
    with pytest.raises(SlideError), handles.borrow(source):
        pass

    path.write_bytes(slide_file.read_bytes())

    with handles.borrow(source) as entry:
        assert entry.slide.properties.width == 1300
    handles.close()


def test_the_same_map_gets_the_same_id_and_another_one_another() -> None:
    scores = np.array([[1.0, np.nan]], dtype=np.float32)

    first, second = publish_map(scores), publish_map(scores.copy())

    assert first == second
    assert publish_map(scores.T) != first  # the same numbers on another lattice
    assert publish_map(scores + 1e-6) != first
    assert find_map(first) == scores.tobytes()


def test_a_map_beyond_all_bounds_is_refused_by_name() -> None:
    huge = np.broadcast_to(np.float32(0), (4096, 4096))

    with pytest.raises(HealNetError, match="MAP-SIZE"):
        publish_map(huge)


def test_accepted_connections_answer_without_delay() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = set_nodelay()
        with socket.create_connection(server.getsockname()):
            accepted, _ = server.accept()
            with accepted:
                delay_off = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    assert found >= 1
    assert delay_off != 0
