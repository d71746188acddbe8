"""Tiles per second and latency of the tile routes on Streamlit's own port, and the first map.

Starts a server of its own and asks it over 1, 6 and 24 connections on loopback, each of which
waits for one answer before it asks for the next:
  empty      an answer of no content (404), what a request costs at least
  stored     a JPEG tile of the file, passed on undecoded
  made       256 px from 512 px of the slide, decoded, averaged and encoded each time
  kept       a tile of a level between the stored ones, after it was made once
With ``--page`` and the shipped study: from the request of the first page, over one click, to
the coloured heatmap in Chromium, on a server that has just started (cold) and again (warm).

Run:  python benchmarks/tiles.py [--slide FILE] [--seconds 3] [--page] [--no-uvloop]
The load generator runs on the same cores as the server; figures are lower bounds.
"""

import argparse
import asyncio
import os
import platform
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("HEALNET_TEST_DATA", ROOT.parent / "shared" / "data"))
SLIDE = DATA / "slides" / "her2st_B4_pyramid.tiff"
SITE = """
import os, sys
from contextlib import asynccontextmanager
from pathlib import Path
import streamlit as st
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from app.tiles.nodelay import set_nodelay
from app.tiles.pyramid import lay_pyramid
from app.tiles.routes import SlideSource, create_tile_routes
from app.tiles.security import security_middleware
from app.tiles.tokens import mint_token
from healnet.slide.reader import open_slide
source = SlideSource(path=Path(os.environ["BENCH_SLIDE"]), sha256="b" * 64)
async def about(request):
    with open_slide(source.path) as slide:
        levels = lay_pyramid(slide.properties)
        rows = [(l.columns, l.rows, int(l.stored is not None)) for l in levels]
        size = (slide.properties.width, slide.properties.height)
    text = mint_token("bench") + "\\n" + repr(size) + "\\n" + repr(rows)
    return PlainTextResponse(text)
@asynccontextmanager
async def lifespan(app):
    set_nodelay()
    yield
tiles = create_tile_routes(lambda name: source if name == "bench" else None)
streamlit_app = st.App(
    __file__,
    routes=[Route("/about", about), *tiles],
    middleware=security_middleware(),
    lifespan=lifespan,
)
"""
Addresses = Callable[[random.Random], str]


def main() -> None:
    """Print one table."""
    arguments = _arguments()
    print(f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}", end=", ")
    print(f"Python {platform.python_version()}, uvloop {_uvloop(arguments.no_uvloop)}")
    with _site(arguments) as port:
        kinds = _kinds(port)
        print(f"{arguments.slide.name}\n{'':8}{'connections':>12}{'tiles/s':>10}", end="")
        print(f"{'p50 ms':>9}{'p99 ms':>9}{'kB':>7}")
        for name, addresses in kinds.items():
            for connections in (1, 6, 24):
                _print_row(name, connections, port, addresses, arguments.seconds)
    if arguments.page:
        _first_map()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slide", type=Path, default=SLIDE)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--page", action="store_true", help="also the first map in Chromium")
    parser.add_argument("--no-uvloop", action="store_true", help="as on a system without it")
    return parser.parse_args()


def _uvloop(is_off: bool) -> str:  # noqa: FBT001
    try:
        import uvloop  # noqa: PLC0415
    except ImportError:
        return "absent"
    return "off" if is_off else uvloop.__version__


def _kinds(port: int) -> dict[str, Addresses]:
    with urllib.request.urlopen(f"http://localhost:{port}/about", timeout=60) as answer:
        token, size, rows = answer.read().decode().split("\n")
    width, height = (int(side) for side in size.strip("()").split(","))
    levels = [tuple(map(int, row.split(","))) for row in rows.strip("[()]").split("), (")]
    made = next((n for n, level in enumerate(levels) if not level[2]), None)
    columns, tile_rows, is_stored = levels[0]
    kinds: dict[str, Addresses] = {"empty": lambda _: "/maps/none.f32"}
    if is_stored:
        kinds["stored"] = lambda dice: _tile(token, 0, columns - 1, tile_rows - 1, dice)
    kinds["made"] = lambda dice: _region(token, width, height, dice)
    if made is not None:
        kinds["kept"] = lambda dice: _tile(token, made, levels[made][0], levels[made][1], dice)
    return kinds


def _tile(token: str, level: int, columns: int, rows: int, dice: random.Random) -> str:
    column, row = dice.randrange(max(1, columns)), dice.randrange(max(1, rows))
    return f"/wsi/{token}/{level}/{column}_{row}.jpg"


def _region(token: str, width: int, height: int, dice: random.Random) -> str:
    x, y = dice.randrange(max(1, width - 512)), dice.randrange(max(1, height - 512))
    return f"/wsi/{token}/region/{x}_{y}_512_256.jpg"


def _print_row(
    name: str, connections: int, port: int, addresses: Addresses, seconds: float
) -> None:
    asyncio.run(_load(port, addresses, connections, min(1.0, seconds)))  # warm
    waits, size, took = asyncio.run(_load(port, addresses, connections, seconds))
    waits.sort()
    p50 = 1000 * statistics.median(waits)
    p99 = 1000 * waits[int(0.99 * (len(waits) - 1))]
    kilobytes = size / len(waits) / 1000
    print(
        f"{name:8}{connections:12}{len(waits) / took:10.0f}{p50:9.2f}{p99:9.2f}{kilobytes:7.1f}"
    )


async def _load(
    port: int, addresses: Addresses, connections: int, seconds: float
) -> tuple[list[float], int, float]:
    start = time.perf_counter()
    results = await asyncio.gather(
        *(_client(port, addresses, seed, start + seconds) for seed in range(connections))
    )
    waits = [wait for one, _ in results for wait in one]
    return waits, sum(size for _, size in results), time.perf_counter() - start


async def _client(
    port: int, addresses: Addresses, seed: int, end: float
) -> tuple[list[float], int]:
    reader, writer = await asyncio.open_connection("localhost", port)
    dice, waits, size = random.Random(seed), [], 0  # noqa: S311
    while (asked := time.perf_counter()) < end:
        writer.write(f"GET {addresses(dice)} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
        waits.append(time.perf_counter() - asked)
        size += length
    writer.close()
    return waits, size


@contextmanager
def _site(arguments: argparse.Namespace) -> Iterator[int]:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "site_app.py"
        script.write_text(SITE)
        environment = {"BENCH_SLIDE": str(arguments.slide.resolve())}
        if arguments.no_uvloop:
            (Path(folder) / "uvloop.py").write_text("raise ImportError('switched off')\n")
            environment["PYTHONPATH"] = f"{folder}{os.pathsep}{ROOT}"
        with _server(script, environment) as port:
            yield port


@contextmanager
def _server(script: Path, environment: dict[str, str]) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(script),
        "--server.port",
        str(port),
    ]
    process = subprocess.Popen(  # noqa: S603
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"http://localhost:{port}/_stcore/health", timeout=2).close()
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
        else:
            return
    sys.exit("the server did not start")


def _first_map() -> None:
    """Print the time from the first request to the coloured heatmap, cold and warm."""
    if not (ROOT / "assets" / "demo" / "study.json").is_file():
        print("first map: no shipped study")
        return
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415
    except ImportError:
        print("first map: playwright is not installed")
        return
    program = os.environ.get("HEALNET_CHROMIUM") or shutil.which("chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        with _server(ROOT / "run_app.py", {"HEALNET_WORKSPACE": folder}) as port:
            for name in ("cold", "warm", "warm"):
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                print(f"first map, {name}: {_time_first_map(page, port):.2f} s")
                page.close()
        browser.close()


def _time_first_map(page: "object", port: int) -> float:
    start = time.perf_counter()
    page.goto(f"http://localhost:{port}/")  # type: ignore[attr-defined]
    page.get_by_role("button", name="Open demo case").click()  # type: ignore[attr-defined]
    shown = "window.healnetViewer?.firstOverlayMs ?? null"
    while page.evaluate(shown) is None:  # type: ignore[attr-defined]
        if time.perf_counter() - start > 60:
            sys.exit("no map within 60 s")
        time.sleep(0.02)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
