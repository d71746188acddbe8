"""Diagnostics: what runs here, on what, and whether the server is set as it must be."""

from app.panels import diagnostics
from app.store.workspace import current_workspace

diagnostics.show(current_workspace())
