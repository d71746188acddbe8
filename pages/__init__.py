"""Pages of the workbench: pick, call, show."""
