"""The parts of the pages: each shows one thing. Numbers come from ``app.reading``."""
