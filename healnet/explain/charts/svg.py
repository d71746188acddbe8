"""Writing SVG by hand: elements, text and steps. Every text and attribute is escaped here."""

from collections.abc import Iterable, Sequence
from html import escape

Number = int | float
Attribute = str | float | int | None


def element(tag: str, *content: str, **attributes: Attribute) -> str:
    """Return one element.

    Args:
        tag: Name of the element.
        content: Markup that stands inside: other elements, or text from :func:`words`.
        attributes: ``class_`` is written ``class``, ``stroke_width`` is ``stroke-width``.
            None leaves an attribute out; numbers keep at most two decimals.
    """
    parts = [tag]
    for name, value in attributes.items():
        if value is not None:
            key = name.rstrip("_").replace("_", "-")
            parts.append(f'{key}="{escape(_plain(value))}"')
    head = " ".join(parts)
    return f"<{head}>{''.join(content)}</{tag}>" if content else f"<{head}/>"


def words(text: str) -> str:
    """Return text made safe to stand inside an element."""
    return escape(text, quote=False)


def label(text: str, *, x: Number, y: Number, class_: str = "", anchor: str = "start") -> str:
    """Return a line of text whose baseline starts, centres or ends at a point."""
    return element(
        "text", words(text), x=x, y=y, class_=class_ or None, text_anchor=_unless(anchor)
    )


def tooltip(text: str) -> str:
    """Return the title that a browser shows when the pointer rests on the parent element."""
    return element("title", words(text))


def line(x1: Number, y1: Number, x2: Number, y2: Number, class_: str) -> str:
    """Return a straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def steps(xs: Sequence[Number], ys: Sequence[Number], *, end: Number) -> str:
    """Return path data of a right-continuous step curve through (x, y), drawn on to ``end``."""
    moves = [f"M{_plain(xs[0])} {_plain(ys[0])}"]
    for x, y in zip(xs[1:], ys[1:], strict=True):
        moves.append(f"H{_plain(x)}V{_plain(y)}")
    return "".join((*moves, f"H{_plain(max(end, xs[-1]))}"))


def band(
    xs: Sequence[Number], lower: Sequence[Number], upper: Sequence[Number], *, end: Number
) -> str:
    """Return path data of the area between two step curves."""
    there = steps(xs, upper, end=end)
    corners = [(max(end, xs[-1]), lower[-1])]
    for index in range(len(xs) - 1, 0, -1):
        corners += [(xs[index], lower[index]), (xs[index], lower[index - 1])]
    corners.append((xs[0], lower[0]))
    back = "".join(f"L{_plain(x)} {_plain(y)}" for x, y in corners)
    return f"{there}{back}Z"


def figure(
    body: Iterable[str], *, width: Number, height: Number, title: str, style: str
) -> str:
    """Return a whole picture: scales with its place, says what it is to a screen reader."""
    return element(
        "svg",
        element("style", words(style)),
        *body,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_plain(width)} {_plain(height)}",
        role="img",
        aria_label=title,
        width="100%",
        class_="hn-chart",
    )


def _plain(value: Number | str) -> str:
    if isinstance(value, str):
        return value
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def _unless(anchor: str) -> str | None:
    return None if anchor == "start" else anchor
