"""Charts as SVG text: pure functions from numbers to a picture, and one way to show it."""
