"""The shipped study, read where it lies: its cases are shown, never copied or changed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.store.records import FEATURES, SLIDE, TABLES, CaseRecord, FileRecord

PREFIX = "study-"


@dataclass(frozen=True)
class BuiltInStudy:
    """The synthetic study in ``assets/demo``; empty where it has not been built.

    Attributes:
        folder: Holds ``study.json``, ``model/`` and ``cases/<CASE_ID>/``.
    """

    folder: Path

    @property
    def model_folder(self) -> Path | None:
        """The shipped model, or None where the study has not been built."""
        folder = self.folder / "model"
        return folder if folder.is_dir() else None

    def facts(self) -> Mapping[str, object]:
        """Return what ``study.json`` says; empty where there is none."""
        path = self.folder / "study.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}

    def list(self) -> tuple[CaseRecord, ...]:
        """Return the showcase cases in the order of ``study.json``; others follow by name."""
        folder = self.folder / "cases"
        if not folder.is_dir():
            return ()
        facts = self.facts()
        notes = _notes(facts)
        names = sorted(path.name for path in folder.iterdir() if path.is_dir())
        names.sort(key=lambda name: list(notes).index(name) if name in notes else len(notes))
        tumour = str(facts.get("tumour", "synthetic"))
        return tuple(
            _record(folder / name, tumour=tumour, note=notes.get(name, "")) for name in names
        )

    def find(self, case_id: str) -> CaseRecord | None:
        """Return the showcase case of that id, or None."""
        return next((case for case in self.list() if case.id == case_id), None)

    def find_file(self, file_id: str) -> tuple[CaseRecord, FileRecord] | None:
        """Return a file of a showcase case, or None."""
        for case in self.list():
            for file in case.files:
                if file.id == file_id:
                    return case, file
        return None


def _notes(facts: Mapping[str, object]) -> dict[str, str]:
    """Return what each showcase shows, in the order in which the study names them."""
    cases = facts.get("cases")
    found = cases if isinstance(cases, list) else []
    return {str(one["case_id"]): str(one.get("title", "")) for one in found}


def _record(folder: Path, *, tumour: str, note: str) -> CaseRecord:
    truth = folder / "truth.geojson"
    return CaseRecord(
        id=folder.name,
        title=folder.name,
        tumour=tumour,
        origin="built-in",
        files=tuple(_file(folder, name, role) for name, role in _expected(folder)),
        note=note,
        truth=truth if truth.is_file() else None,
    )


def _expected(folder: Path) -> list[tuple[str, str]]:
    """Return (file name, role) of each file of a showcase case that is there."""
    named = [("slide.svs", SLIDE), ("features.h5", FEATURES)]
    named += [(f"{name}.csv", name) for name in TABLES]
    return [(name, role) for name, role in named if (folder / name).is_file()]


def _file(folder: Path, name: str, role: str) -> FileRecord:
    path = folder / name
    is_table = role in TABLES
    return FileRecord(
        id=f"{PREFIX}{folder.name}-{role}",
        role=role,
        name=name,
        path=path,
        size=path.stat().st_size,
        row_key=folder.name if is_table else "",
    )
