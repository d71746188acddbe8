"""Diagnostics: one table of facts that a maintainer would ask for, ready to copy."""

import importlib
import os
import platform
import sys
import time
from html import escape

import streamlit as st
from streamlit import config

from app.panels import browser_facts
from app.predictions import code_version
from app.settings import server_differences
from app.store.slide_access import find_slide
from app.store.workspace import Workspace
from app.tiles.handles import SlideSource
from app.tiles.tile_service import TileService

PACKAGES = (
    "torch", "streamlit", "starlette", "numpy", "pandas", "h5py", "openslide", "PIL",
    "sqlalchemy",
)  # fmt: skip
GIGABYTE = 1000**3
NUM_TILES, TILES_A_ROW = 13, 4


def show(workspace: Workspace) -> None:
    """Show the report, and what to do with it."""
    rows = report(workspace)
    cells = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows
    )
    st.html(
        f'<h1 class="hn-title">Diagnostics</h1><table class="hn-table hn-left">{cells}</table>'
    )
    browser_facts.show()
    st.html(
        '<p class="hn-lead">Copy this report when you ask for help. It names no patient.</p>'
    )
    st.code("\n".join(f"{name}: {value}" for name, value in rows), language=None)


def report(workspace: Workspace) -> tuple[tuple[str, str], ...]:
    """Return the facts as (name, value): versions, settings, stores. No ids, no paths."""
    differences = server_differences(config.get_option)
    broken = workspace.audit.first_break()
    live = workspace.jobs.live()
    return (
        ("workbench", code_version()),
        ("python", f"{sys.version.split()[0]} on {platform.system()} {platform.machine()}"),
        *((name, _version(name)) for name in PACKAGES),
        ("processors", str(os.cpu_count())),
        ("device", _device()),
        ("server settings", "; ".join(differences) or "as required"),
        ("study", f"{len(workspace.study.list())} showcase cases"),
        ("own cases", str(len(workspace.own.list()))),
        ("jobs waiting or running", str(len(live))),
        ("audit trail", "whole" if broken is None else f"broken at line {broken}"),
        ("upload limit", f"{workspace.settings.max_slide_bytes / GIGABYTE:g} GB"),
        ("slide folders", str(len(workspace.settings.slide_roots))),
        ("tiles of a showcase slide", tile_latency(workspace)),
    )


def tile_latency(workspace: Workspace) -> str:
    """Return how long tiles of the first showcase slide take, read as a request would."""
    slide = next((case.slides[0] for case in workspace.study.list() if case.slides), None)
    if slide is None:
        return "no showcase slide"
    service = TileService(lambda file_id: find_slide(workspace, file_id))
    source = service.source(slide.id)
    if source is None:
        return "not readable"
    found = [_tile_ms(service, source, column) for column in range(NUM_TILES)]
    service.close()
    times = [milliseconds for milliseconds in found if milliseconds is not None]
    if len(times) < NUM_TILES:
        return f"{NUM_TILES - len(times)} of {NUM_TILES} tiles cannot be read"
    ordered = sorted(times[1:])  # the first one opens the slide
    return (
        f"median {ordered[len(ordered) // 2]:.2f} ms, slowest {ordered[-1]:.2f} ms, "
        f"first {times[0]:.0f} ms"
    )


def _tile_ms(service: TileService, source: SlideSource, number: int) -> float | None:
    started = time.perf_counter()
    body = service.tile(source, 0, number % TILES_A_ROW, number // TILES_A_ROW)
    return None if body is None else 1000 * (time.perf_counter() - started)


def _version(name: str) -> str:
    module = sys.modules.get(name)
    if module is None:
        module = importlib.import_module(name)
    return str(getattr(module, "__version__", "unknown"))


def _device() -> str:
    from healnet.model.device import pick_device  # noqa: PLC0415  (loads torch)

    return str(pick_device("auto"))
