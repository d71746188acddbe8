"""The workspace: cases, models, results and their files."""
