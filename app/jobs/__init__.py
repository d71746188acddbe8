"""Long work outside the web server: a queue in SQLite, a supervisor, a worker process."""
