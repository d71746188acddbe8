"""Writing SVG by hand; it lives with the reports, which draw the same charts."""

from healnet.explain.charts.svg import band, element, figure, label, line, steps, tooltip, words

__all__ = ["band", "element", "figure", "label", "line", "steps", "tooltip", "words"]
