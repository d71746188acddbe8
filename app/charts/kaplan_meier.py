"""The Kaplan-Meier chart; it lives with the reports, which draw the same one."""

from healnet.explain.charts.kaplan_meier import (
    LEFT,
    PLOT_BOTTOM,
    PLOT_TOP,
    RIGHT,
    GroupCurve,
    PatientCurve,
    SurvivalScene,
    draw_survival,
)

__all__ = [
    "LEFT",
    "PLOT_BOTTOM",
    "PLOT_TOP",
    "RIGHT",
    "GroupCurve",
    "PatientCurve",
    "SurvivalScene",
    "draw_survival",
]
