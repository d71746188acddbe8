"""How groups and the patient look; it lives with the reports."""

from healnet.explain.charts.styles import GROUP_BY_NAME, GROUPS, STYLE, GroupStyle, ordinal

__all__ = ["GROUPS", "GROUP_BY_NAME", "STYLE", "GroupStyle", "ordinal"]
