"""Charts as SVG text, for pages and for reports: numbers in, one picture out."""
