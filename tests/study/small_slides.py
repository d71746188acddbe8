"""Slides small enough to be drawn in a test."""

from healnet.study.slides import SlideFormat

SMALL = SlideFormat(width=1100, height=1000, tissue_share=(0.8, 0.85), quality=75)
