"""The workspace: cases, files, jobs, results and the audit trail, in one SQLite file."""
