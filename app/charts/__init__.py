"""Charts of the prognosis rail, drawn as SVG."""
