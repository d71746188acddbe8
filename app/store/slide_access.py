"""From the id in a web address to the slide file behind it."""

from app.store.file_state import is_changed
from app.store.workspace import Workspace
from app.tiles.handles import SlideSource


def find_slide(workspace: Workspace, file_id: str) -> SlideSource | None:
    """Return the slide with that file id.

    None for whatever is not there, is no slide, or is not the file any more that was opened.
    """
    found = workspace.find_file(file_id)
    if found is None:
        return None
    case, file = found
    if file.role != "slide" or not file.path.is_file() or is_changed(file):
        return None
    return SlideSource(path=file.path, mpp=case.slide_mpp, sha256=workspace.file_version(file))
