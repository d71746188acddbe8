"""From numbers to places on the page; it lives with the reports."""

from healnet.explain.charts.scales import MONTH_STEPS, Linear, month_ticks, spread

__all__ = ["MONTH_STEPS", "Linear", "month_ticks", "spread"]
