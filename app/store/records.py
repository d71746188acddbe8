"""What the pages see of a case: plain values, detached from the database."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

SLIDE = "slide"
FEATURES = "features"
TABLES = ("rna", "cnv", "mutation", "clinical")


@dataclass(frozen=True, kw_only=True)
class FileRecord:
    """One file of a case.

    Attributes:
        id: Random and unguessable; what web addresses carry instead of a path.
        role: "slide", "features", or the name of a tabular modality.
        name: File name as the user knows it. Show it escaped.
        row_key: The patient's row in a table; of features, the id of their slide.
        state: Of a slide, what its file was when it was opened; of features, what the file of
            their slide was when they were made (see :mod:`app.store.file_state`).
        made_from: Of features, the SHA-256 of their slide.
    """

    id: str
    role: str
    name: str
    path: Path
    size: int
    sha256: str = ""
    row_key: str = ""
    state: str = ""
    made_from: str = ""


@dataclass(frozen=True, kw_only=True)
class CaseRecord:
    """One case of the worklist.

    Attributes:
        id: Name of a built-in case, or 128 random bits for an own one.
        title: What the worklist shows.
        tumour: Tumour type as stated by the user or the study; may be empty.
        origin: "built-in" cases are read from the shipped study and never changed.
        note: What the case shows, in a few words; for built-in cases.
        slide_mpp: Pixel size stated by the user, um per level-0 pixel.
        updated: UTC. None for built-in cases.
        truth: True regions of a built-in slide (GeoJSON), which no real case has.
    """

    id: str
    title: str
    tumour: str
    origin: Literal["own", "built-in"]
    files: tuple[FileRecord, ...]
    note: str = ""
    slide_mpp: float | None = None
    updated: datetime | None = None
    truth: Path | None = None

    @property
    def slides(self) -> tuple[FileRecord, ...]:
        """The slide files, in the order in which they were added."""
        return tuple(file for file in self.files if file.role == SLIDE)

    @property
    def features(self) -> tuple[FileRecord, ...]:
        """The files of encoded patches."""
        return tuple(file for file in self.files if file.role == FEATURES)

    @property
    def tables(self) -> tuple[FileRecord, ...]:
        """The omic and clinical tables."""
        return tuple(file for file in self.files if file.role not in {SLIDE, FEATURES})

    @property
    def is_built_in(self) -> bool:
        """Whether the case belongs to the shipped study."""
        return self.origin == "built-in"
