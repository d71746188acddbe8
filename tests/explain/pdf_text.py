"""Reads the texts of a PDF that this project wrote."""

import re
import zlib


def streams_of(content: bytes) -> list[str]:
    """Return what every page draws, and every picture as if it were text."""
    streams = re.findall(rb"stream\n(.*?)\nendstream", content, flags=re.DOTALL)
    return [zlib.decompress(stream).decode("latin-1") for stream in streams]


def text_of(content: bytes) -> str:
    """Return every drawn text."""
    return " ".join(re.findall(r"\((.*?)(?<!\\)\) Tj", "\n".join(streams_of(content))))
