"""Cases: the worklist, and the three ways to open a slide."""

from app import layout, state, warm_up
from app.panels import open_slide, worklist
from app.store.workspace import current_workspace

workspace = current_workspace()
worklist.say_where_links_led(is_unknown=state.take_unknown_link())

with layout.toolbar():
    open_slide.show_actions(workspace)
    query = worklist.search_box()

is_changing = bool(workspace.jobs.live()) or warm_up.is_under_way()
worklist.show(workspace, query, is_changing=is_changing)
