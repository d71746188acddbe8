"""The charts of the reports on paper: our own SVG, drawn with the means of a PDF.

Only what ``healnet.explain.charts`` writes is understood: lines, rectangles, circles, texts,
paths of M, H, V, L and Z, and the classes of its style.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from xml.etree import ElementTree as ET

import numpy as np
from jaxtyping import UInt8
from numpy import ndarray
from PIL import Image, ImageDraw

from healnet.explain.pdf_document import Number, PdfDocument, latin, text_width

Place = tuple[float, float]
Look = dict[str, str]
_SVG = "{http://www.w3.org/2000/svg}"
_RULE = re.compile(r"([^{}]+)\{([^}]*)\}")
_COMMAND = re.compile(r"([MHVLZ])([-\d. ]*)")
_PIXELS_A_UNIT = 4
_ROUND = 0.5523  # control points of four Bezier curves that make a circle


@dataclass(frozen=True, kw_only=True, eq=False)
class _Shape:
    """One element, with the places of its outline and how it looks."""

    tag: str
    node: ET.Element
    look: Look
    places: list[Place]

    @property
    def opacity(self) -> float:
        return float(self.look.get("opacity", "1"))


class ChartDocument(PdfDocument):
    """A PDF in the making that can also show our charts."""

    def chart(self, svg: str, x: Number, top: Number, *, width: Number) -> float:
        """Draw a chart with its upper left corner at (x, top); return its height in points."""
        root = ET.fromstring(svg)  # noqa: S314  (made by our own functions)
        _, _, wide, high = map(float, root.attrib["viewBox"].split())
        scale = width / wide
        shapes = list(_shapes(root))
        veils = [shape for shape in shapes if shape.opacity < 1]
        if veils:  # a PDF page of ours knows no transparency: these become one picture
            pixels = _mixed(veils, wide, high)
            self.picture(pixels, x, top - high * scale, width=width)
        self._draw(f"q {scale:.4f} 0 0 {-scale:.4f} {x:.2f} {top:.2f} cm")
        for shape in shapes:
            if shape.opacity == 1:
                self._draw(_text(shape) if shape.tag == "text" else _outline(shape))
        self._draw("Q")
        return high * scale


def _shapes(root: ET.Element) -> Iterator[_Shape]:
    rules = _RULE.findall(_style(root))
    for node in root.iter():
        tag = node.tag.removeprefix(_SVG)
        if tag in {"line", "rect", "circle", "path", "text"}:
            look = _look(tag, node, rules)
            yield _Shape(tag=tag, node=node, look=look, places=_places(tag, node))


def _style(root: ET.Element) -> str:
    return "".join(node.text or "" for node in root.iter(f"{_SVG}style"))


def _look(tag: str, node: ET.Element, rules: list[tuple[str, str]]) -> Look:
    """Return the properties of an element: of the rules that fit, then its own."""
    classes = set((node.get("class") or "").split())
    look: Look = {}
    for selector, properties in rules:
        kind, *wanted = selector.split()[-1].split(".")
        if kind in {"", tag} and set(wanted) <= classes:
            look |= dict(one.split(":", 1) for one in properties.split(";") if one)
    for name in ("fill", "stroke", "stroke-dasharray"):
        look |= {name: node.attrib[name]} if name in node.attrib else {}
    return look


def _places(tag: str, node: ET.Element) -> list[Place]:
    number = {name: _number(text) for name, text in node.attrib.items()}
    if tag == "line":
        return [(number["x1"], number["y1"]), (number["x2"], number["y2"])]
    if tag == "rect":
        left, top = number["x"], number["y"]
        right, bottom = left + number["width"], top + number["height"]
        return [(left, top), (right, top), (right, bottom), (left, bottom)]
    if tag == "circle":
        return [(number["cx"], number["cy"])]
    if tag == "text":
        return [(number["x"], number["y"])]
    return _corners(node.attrib["d"])


def _corners(path: str) -> list[Place]:
    x = y = 0.0
    corners = []
    for command, text in _COMMAND.findall(path):
        numbers = [float(part) for part in text.split()]
        if command == "Z":
            continue
        x = numbers[0] if command in "MLH" else x
        y = numbers[-1] if command in "MLV" else y
        corners.append((x, y))
    return corners


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _outline(shape: _Shape) -> str:
    """Return the operations that fill and stroke a shape."""
    fill, stroke = (shape.look.get(name, "none") for name in ("fill", "stroke"))
    is_filled = fill != "none" and shape.tag != "line"
    parts = ["q"]
    if is_filled:
        parts.append(f"{_rgb(fill)} rg")
    if stroke != "none":
        dashes = shape.look.get("stroke-dasharray", "")
        width = shape.look.get("stroke-width", "1")
        parts.append(f"{_rgb(stroke)} RG {width} w [{dashes}] 0 d")
    paint = {(True, True): "b", (True, False): "f", (False, True): "S"}
    parts += [_path(shape), paint.get((is_filled, stroke != "none"), "n"), "Q"]
    return " ".join(parts)


def _path(shape: _Shape) -> str:
    if shape.tag == "circle":
        (x, y), radius = shape.places[0], float(shape.node.attrib["r"])
        return _circle(x, y, radius)
    moves = (f"{x:.2f} {y:.2f} {'l' if i else 'm'}" for i, (x, y) in enumerate(shape.places))
    return " ".join(moves)


def _circle(x: float, y: float, radius: float) -> str:
    ends = [(radius, 0.0), (0.0, radius), (-radius, 0.0), (0.0, -radius), (radius, 0.0)]
    parts = [f"{x + radius:.2f} {y:.2f} m"]
    for (ax, ay), (bx, by) in pairwise(ends):
        curve = (ax + _ROUND * bx, ay + _ROUND * by, bx + _ROUND * ax, by + _ROUND * ay, bx, by)
        shifted = (value + (y if i % 2 else x) for i, value in enumerate(curve))
        parts.append(" ".join(f"{value:.2f}" for value in shifted) + " c")
    return " ".join(parts)


def _text(shape: _Shape) -> str:
    """Return the operations that write a line; y points down on a chart, so it is turned."""
    words = latin("".join(t for node in shape.node.iter() for t in _own_text(node)))
    size = float(shape.look.get("font-size", "12px").removesuffix("px"))
    (x, y), anchor = shape.places[0], shape.node.get("text-anchor", "start")
    share = {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor]
    left = x - share * text_width(words, size=size)
    font = "F2" if "font-weight" in shape.look else "F1"
    colour = _rgb(shape.look.get("fill", "#000000"))
    safe = words.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
    at = f"1 0 0 -1 {left:.2f} {y:.2f} Tm"
    return f"q {colour} rg BT /{font} {size:g} Tf {at} ({safe}) Tj ET Q"


def _own_text(node: ET.Element) -> tuple[str, ...]:
    """Return the text of an element but not that of its tooltip, and what follows it."""
    is_tooltip = node.tag == f"{_SVG}title"
    return ("" if is_tooltip else node.text or "", node.tail or "" if is_tooltip else "")


def _rgb(colour: str) -> str:
    return " ".join(f"{part / 255:.3f}" for part in _parts(colour))


def _parts(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue


def _mixed(veils: list[_Shape], wide: float, high: float) -> UInt8[ndarray, "h w 3"]:
    """Return translucent shapes on white, as one picture."""
    size = (round(wide * _PIXELS_A_UNIT), round(high * _PIXELS_A_UNIT))
    picture = Image.new("RGB", size, "#ffffff")
    for shape in veils:
        mask = Image.new("L", size, 0)
        corners = [(x * _PIXELS_A_UNIT, y * _PIXELS_A_UNIT) for x, y in shape.places]
        ImageDraw.Draw(mask).polygon(corners, fill=round(255 * shape.opacity))
        picture.paste(_parts(shape.look["fill"]), mask=mask)
    pixels: UInt8[ndarray, "h w 3"] = np.asarray(picture, np.uint8)
    return pixels
