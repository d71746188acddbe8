"""How files join the workspace: probed first, then added; refused files leave no trace."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from app.store.cases import NewFile, new_id
from app.store.file_state import is_changed
from app.store.folders import find_entry
from app.store.known_names import rename_in
from app.store.records import SLIDE, CaseRecord, FileRecord
from app.store.removal import discard, stop_jobs
from app.store.workspace import Workspace
from app.tiles.uploads import StoredUpload
from healnet.exceptions import HealNetError, SlideError


def admit_slide(workspace: Workspace, path: Path, *, name: str, sha256: str = "") -> str:
    """Probe a slide in a child process and make a case of it.

    Args:
        workspace: Where the case is added.
        path: The slide file; it is not copied.
        name: File name as the user knows it.
        sha256: Hash of all bytes, if known already.

    Returns:
        The id of the new case, or of the case that has this very file already. A file that
        was replaced since is another slide, hence another case.

    Raises:
        SlideError: If the file is no slide that can be read safely.
    """
    known = _case_with(workspace, path)
    if known is not None:
        return known.id
    from healnet.slide.intake import probe_slide  # noqa: PLC0415  (heavy; first use only)

    try:
        probe_slide(path)
    except SlideError as error:
        workspace.audit.append("slide refused", {"code": error.code})
        rename_in(error, path, name)
        raise
    file = NewFile(role=SLIDE, path=path, name=name, sha256=sha256)
    case_id = workspace.own.add(title=Path(name).stem or "slide", files=(file,))
    workspace.audit.append("case added", {"case": case_id, "slide_sha256": sha256})
    return case_id


def open_from_folder(workspace: Workspace, entry_id: str) -> str:
    """Make a case of a slide in an allowed folder and return its id.

    Raises:
        SlideError: If the entry is gone, or the file is refused.
    """
    entry = find_entry(workspace.settings.slide_roots, entry_id)
    if entry is None:
        raise SlideError(
            "this slide is not in the folder any more",
            code="SLIDE-GONE",
            fix="open the list again and choose",
        )
    return admit_slide(workspace, entry.path, name=Path(entry.name).name)


def accept_upload(workspace: Workspace, stored: StoredUpload) -> dict[str, str]:
    """Make a case of an uploaded slide; what is returned goes back to the browser."""
    case_id = admit_slide(workspace, stored.path, name=stored.name, sha256=stored.sha256)
    return {"case": case_id}


def add_table(
    workspace: Workspace,
    case_id: str,
    *,
    modality: str,
    name: str,
    content: bytes,
    row: str,
    check: Callable[[Mapping[str, object]], None] | None = None,
) -> None:
    """Keep a copy of an omic or clinical table and bind one of its rows to a case.

    Args:
        workspace: Where the copy is kept.
        case_id: An own case.
        modality: "rna", "cnv", "mutation" or "clinical".
        name: File name as the user knows it.
        content: The bytes of the file.
        row: Case id of the patient's row in the table.
        check: Raises if the row is not to be added, with the file called by its path.

    Raises:
        HealNetError: If the table cannot be read, or has no such row.
    """
    path = _place(workspace.settings.tables, name)
    path.write_bytes(content)
    try:
        found = _find_row(path, row)
        if check is not None:
            check(found)
        file = NewFile(role=modality, path=path, name=name, row_key=row)
        replaced = workspace.own.attach(case_id, file)
    except HealNetError as error:
        path.unlink()
        rename_in(error, path, name)
        raise
    discard(workspace, replaced)
    workspace.results.drop_case(case_id)
    workspace.audit.append("table added", {"case": case_id, "modality": modality})


def state_pixel_size(workspace: Workspace, case_id: str, mpp: float) -> None:
    """Remember the pixel size that the user states; what was made at another one goes.

    Raises:
        HealNetError: If the value cannot be a pixel size.
    """
    dropped = workspace.own.state_pixel_size(case_id, mpp)
    stop_jobs(workspace, case_id)
    discard(workspace, dropped)
    workspace.results.drop_case(case_id)
    workspace.audit.append("pixel size stated", {"case": case_id, "mpp": mpp})


def table_rows(content: bytes, name: str, folder: Path) -> tuple[str, ...]:
    """Return the case ids of the rows of a table.

    Raises:
        HealNetError: If the table cannot be read.
    """
    from healnet.omics.wide_table import read_table  # noqa: PLC0415  (heavy; first use only)

    path = _place(folder, name)
    path.write_bytes(content)
    try:
        return tuple(str(row) for row in read_table(path).index)
    except HealNetError as error:
        rename_in(error, path, name)
        raise
    finally:
        path.unlink()


def _place(folder: Path, name: str) -> Path:
    """Return a new path with the ending of a name, or with none if that is no usual one."""
    ending = Path(name).suffix.lower()
    return folder / f"{new_id()}{ending if re.fullmatch(r'[.][a-z0-9]{1,8}', ending) else ''}"


def _find_row(path: Path, row: str) -> dict[str, object]:
    from healnet.omics.wide_table import read_table  # noqa: PLC0415  (heavy; first use only)

    table = read_table(path)
    places = {str(key): place for place, key in enumerate(table.index)}
    if row not in places:
        raise HealNetError(
            "the chosen patient is not in this table",
            code="TABLE-ROW",
            where=path.name,
            fix=f"choose one of its {len(places)} rows",
        )
    return {str(name): value for name, value in table.iloc[places[row]].items()}


def _is_at(slide: FileRecord, real: Path) -> bool:
    return slide.path.resolve() == real and not is_changed(slide)


def _case_with(workspace: Workspace, path: Path) -> CaseRecord | None:
    real = path.resolve()
    return next(
        (
            case
            for case in workspace.own.list()
            if any(_is_at(file, real) for file in case.slides)
        ),
        None,
    )
