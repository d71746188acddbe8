"""A small PDF writer: text in Helvetica, rectangles, lines and pictures on A4 pages.

Source of the syntax: ISO 32000-1 (PDF 1.7). Units are points, 1/72 inch, y upwards.
"""

import zlib
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray

WIDTH, HEIGHT = 595.0, 842.0  # A4
# Widths of Helvetica, thousandths of the font size, characters 32 to 126 (Adobe font metrics).
_WIDTHS = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722,
    722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722,
    667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556,
    556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500,
    500, 334, 260, 334, 584,
)  # fmt: skip
Number = int | float
Colour = tuple[float, float, float]


@dataclass
class PdfDocument:
    """Pages in the making.

    Attributes:
        title: Shown by viewers.
    """

    title: str
    _pages: list[list[str]] = field(default_factory=list)
    _pictures: list[UInt8[ndarray, "h w 3"]] = field(default_factory=list)

    def new_page(self) -> None:
        """Begin a page."""
        self._pages.append([])

    @property
    def num_pages(self) -> int:
        """Number of pages begun."""
        return len(self._pages)

    def text(
        self, x: Number, y: Number, text: str, *, size: Number = 10, is_bold: bool = False
    ) -> None:
        """Write one line with its baseline at y."""
        font = "F2" if is_bold else "F1"
        self._draw(f"BT /{font} {size:g} Tf {x:.2f} {y:.2f} Td ({_escaped(text)}) Tj ET")

    def rectangle(
        self, x: Number, y: Number, width: Number, height: Number, *, colour: Colour
    ) -> None:
        """Fill a rectangle."""
        red, green, blue = colour
        area = f"{x:.2f} {y:.2f} {width:.2f} {height:.2f}"
        self._draw(f"q {red:.3f} {green:.3f} {blue:.3f} rg {area} re f Q")

    def line(self, points: list[tuple[float, float]], *, width: Number = 1) -> None:
        """Draw a line through points."""
        path = " ".join(
            f"{x:.2f} {y:.2f} {'m' if number == 0 else 'l'}"
            for number, (x, y) in enumerate(points)
        )
        self._draw(f"q {width:g} w {path} S Q")

    def picture(
        self, pixels: UInt8[ndarray, "h w 3"], x: Number, y: Number, *, width: Number
    ) -> float:
        """Place a picture with its lower left corner at (x, y); return its height."""
        height = width * len(pixels) / int(pixels.shape[1])
        self._pictures.append(pixels)
        name = f"I{len(self._pictures)}"
        self._draw(f"q {width:.2f} 0 0 {height:.2f} {x:.2f} {y:.2f} cm /{name} Do Q")
        return height

    def to_bytes(self) -> bytes:
        """Return the file."""
        num_pages, first_page = len(self._pages), 5
        first_picture = first_page + 2 * num_pages
        kids = " ".join(f"{first_page + 2 * i} 0 R" for i in range(num_pages))
        names = " ".join(
            f"/I{i + 1} {first_picture + i} 0 R" for i in range(len(self._pictures))
        )
        font = "<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>"
        objects = [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            f"<< /Type /Pages /Kids [{kids}] /Count {num_pages} >>".encode(),
            font.format("Helvetica").encode(),
            font.format("Helvetica-Bold").encode(),
        ]
        for number, content in enumerate(self._pages):
            resources = f"/Font << /F1 3 0 R /F2 4 0 R >> /XObject << {names} >>"
            objects.append(
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH:g} {HEIGHT:g}] "
                f"/Resources << {resources} >> /Contents {first_page + 2 * number + 1} 0 R >>"
                .encode()
            )  # fmt: skip
            objects.append(_stream("", "\n".join(content).encode("cp1252")))
        objects += [_picture_object(pixels) for pixels in self._pictures]
        objects.append(f"<< /Title ({_escaped(self.title)}) >>".encode("cp1252"))
        return _assemble(objects)

    def _draw(self, operation: str) -> None:
        self._pages[-1].append(operation)


def text_width(text: str, *, size: Number) -> float:
    """Return the width of a line in points; characters beyond ASCII count as wide as "n"."""
    widths = (_WIDTHS[ord(c) - 32] if 32 <= ord(c) < 127 else 556 for c in text)  # noqa: PLR2004
    return sum(widths) * size / 1000


def wrapped(text: str, *, size: Number, width: Number) -> list[str]:
    """Return the text as lines that fit; a word that is too long alone is cut."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, size=size) > width:
            lines.append(word)
        else:
            lines[-1] = longer
        while text_width(lines[-1], size=size) > width:
            kept = len(lines[-1]) - 1
            while text_width(lines[-1][:kept], size=size) > width:
                kept -= 1
            lines[-1:] = [lines[-1][:kept], lines[-1][kept:]]
    return lines


def latin(text: str) -> str:
    r"""Return the text with every letter that the font lacks as ``\u`` and its number.

    A question mark in its place would give two different names one look.
    """
    return "".join(c if _has_letter(c) else f"\\u{ord(c):04x}" for c in text)


def _has_letter(character: str) -> bool:
    return bool(character.encode("cp1252", "ignore"))


def _escaped(text: str) -> str:
    plain = "".join(c if c.isprintable() else " " for c in latin(text))
    return plain.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _picture_object(pixels: UInt8[ndarray, "h w 3"]) -> bytes:
    height, width, _ = pixels.shape
    entries = (
        f"/Type /XObject /Subtype /Image /Width {width} /Height {height} "
        "/ColorSpace /DeviceRGB /BitsPerComponent 8 /Interpolate false"
    )
    return _stream(entries, np.ascontiguousarray(pixels).tobytes())


def _stream(entries: str, content: bytes) -> bytes:
    packed = zlib.compress(content, 9)
    head = f"<< {entries} /Filter /FlateDecode /Length {len(packed)} >>\nstream\n"
    return head.encode() + packed + b"\nendstream"


def _assemble(objects: list[bytes]) -> bytes:
    parts, offsets, position = [b"%PDF-1.7\n"], [], 9
    for number, content in enumerate(objects, start=1):
        offsets.append(position)
        part = f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
        parts.append(part)
        position += len(part)
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    parts.append(
        f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n"
        f"<< /Size {size} /Root 1 0 R /Info {len(objects)} 0 R >>\n"
        f"startxref\n{position}\n%%EOF\n".encode()
    )
    return b"".join(parts)
