"""From the id in a web address to the slide file behind it."""

from app.store.workspace import Workspace
from app.tiles.handles import SlideSource


def find_slide(workspace: Workspace, file_id: str) -> SlideSource | None:
    """Return the slide with that file id; None for anything that is not there or no slide."""
    found = workspace.find_file(file_id)
    if found is None:
        return None
    case, file = found
    if file.role != "slide" or not file.path.is_file():
        return None
    return SlideSource(path=file.path, mpp=case.slide_mpp, sha256=workspace.file_version(file))
