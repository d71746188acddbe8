"""The open dot of the headline's survival; it lives with the reports."""

from healnet.explain.charts.horizon_mark import HorizonMark, draw_horizon

__all__ = ["HorizonMark", "draw_horizon"]
