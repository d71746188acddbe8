"""Take a result elsewhere: the files that the command line writes, from the same functions."""

import tempfile
import zipfile
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from app.predictions import check_owner
from app.reading import CaseReading
from app.store.records import CaseRecord

if TYPE_CHECKING:
    from healnet.bundle.model_bundle import ModelBundle
    from healnet.explain.prediction import Prediction

FILES = {
    "Report (HTML)": ("report.html", "text/html"),
    "Heatmap for QuPath (GeoJSON)": ("heatmap.geojson", "application/geo+json"),
    "Patches (CSV)": ("attention.csv", "text/csv"),
    "Omic attributions (CSV)": ("attributions.csv", "text/csv"),
    "Result (JSON)": ("result.json", "application/json"),
}


def show(case: CaseRecord, read: CaseReading) -> None:
    """Show the files of a finished result; they are made when one is asked for."""
    if read.prediction is None or read.bundle is None or read.slide_state == "running":
        return
    check_owner(read.prediction, case.id)
    write = partial(write_folder, read.prediction, read.bundle, case.title)
    stem = f"healnet-{read.result_key[:16]}"
    with st.popover("Export"):
        for label, (name, mime) in FILES.items():
            st.download_button(
                label,
                data=partial(file_bytes, write, name),
                file_name=f"{stem}-{name}",
                mime=mime,
                on_click="ignore",
                width="stretch",
                key=f"export-{name}",
            )
        st.download_button(
            "All files (ZIP)",
            data=partial(all_files, write),
            file_name=f"{stem}.zip",
            mime="application/zip",
            on_click="ignore",
            width="stretch",
            key="export-all",
        )


def file_bytes(write: Callable[[Path], Path], name: str) -> bytes:
    """Return one file of a prediction folder that a function writes."""
    with tempfile.TemporaryDirectory() as folder:
        return (write(Path(folder)) / name).read_bytes()


def all_files(write: Callable[[Path], Path]) -> bytes:
    """Return a prediction folder that a function writes as one archive."""
    buffer = BytesIO()
    with (
        tempfile.TemporaryDirectory() as folder,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for path in sorted(write(Path(folder)).iterdir()):
            archive.write(path, path.name)
    return buffer.getvalue()


def write_folder(
    prediction: "Prediction", bundle: "ModelBundle", title: str, parent: Path
) -> Path:
    """Write a prediction folder whose report knows the case's title and the cohort."""
    from healnet.predict import write_prediction  # noqa: PLC0415  (loads torch)
    from healnet.predict.context import report_context  # noqa: PLC0415  (scipy)

    context = report_context(bundle, prediction, title=title)
    return write_prediction(parent / "prediction", prediction, context=context, report=True)
