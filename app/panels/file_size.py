"""The size of a file in words."""

KILOBYTE, MEGABYTE = 1_000, 1_000_000
SMALLEST_MB = 0.1  # below it the unit is kB: "0.0 MB" says nothing


def size_words(size: int) -> str:
    """Return a size in bytes as words: ``12.3 MB``, ``47 kB``."""
    if size >= SMALLEST_MB * MEGABYTE:
        return f"{size / MEGABYTE:,.1f} MB"
    return f"{size / KILOBYTE:.1f} kB" if size < KILOBYTE else f"{size / KILOBYTE:.0f} kB"
