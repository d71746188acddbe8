"""Diagnostics: one table of facts that a maintainer would ask for, ready to copy."""

import importlib
import os
import platform
import sys
from html import escape

import streamlit as st
from streamlit import config

from app.predictions import code_version
from app.settings import server_differences
from app.store.workspace import Workspace

PACKAGES = (
    "torch", "streamlit", "starlette", "numpy", "pandas", "h5py", "openslide", "PIL",
    "sqlalchemy",
)  # fmt: skip
GIGABYTE = 1000**3


def show(workspace: Workspace) -> None:
    """Show the report, and what to do with it."""
    rows = report(workspace)
    cells = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows
    )
    st.html(
        f'<h1 class="hn-title">Diagnostics</h1><table class="hn-table hn-left">{cells}</table>'
    )
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
    )


def _version(name: str) -> str:
    module = sys.modules.get(name)
    if module is None:
        module = importlib.import_module(name)
    return str(getattr(module, "__version__", "unknown"))


def _device() -> str:
    from healnet.model.device import pick_device  # noqa: PLC0415  (loads torch)

    return str(pick_device("auto"))
