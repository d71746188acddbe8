"""Which patch encoders there are, by name.

Encoders of other packages join through the entry-point group ``healnet.encoders``: the name is
the one users type, the value a function without arguments that returns a
:class:`~healnet.encoders.protocol.PatchEncoder`.
"""

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from healnet.encoders.protocol import PatchEncoder
from healnet.exceptions import EncoderError

_GROUP = "healnet.encoders"
_BUILT_IN = {
    "lite0": "healnet.encoders.lite0:build",
    "raw-rgb": "healnet.encoders.raw_rgb:build",
}


def encoder_names() -> tuple[str, ...]:
    """Return the names that :func:`get_encoder` knows."""
    return tuple(sorted(_addresses()))


def get_encoder(name: str) -> PatchEncoder:
    """Return a new encoder of this name, with its weights loaded.

    Raises:
        EncoderError: ``ENCODER-UNKNOWN`` with the names that are known; ``ENCODER-BROKEN`` if
            another package's encoder cannot be loaded or is none.
    """
    addresses = _addresses()
    if name not in addresses:
        raise EncoderError(
            f"there is no encoder {name!r}",
            code="ENCODER-UNKNOWN",
            fix=f"choose one of: {', '.join(sorted(addresses))}",
        )
    try:
        build = _load(addresses[name])
    except (ImportError, AttributeError) as error:
        raise EncoderError(
            f"the encoder {name!r} cannot be loaded",
            code="ENCODER-BROKEN",
            why="a package that it needs is missing or has changed",
            fix="install the package that provides it again",
        ) from error
    encoder = build()
    if not isinstance(encoder, PatchEncoder):
        raise EncoderError(
            f"the encoder {name!r} lacks a card or cannot be called",
            code="ENCODER-BROKEN",
            fix="see the how-to page on adding an encoder",
        )
    return encoder


def _addresses() -> dict[str, str]:
    found = {point.name: point.value for point in entry_points(group=_GROUP)}
    return found | _BUILT_IN


def _load(address: str) -> Callable[[], object]:
    point = EntryPoint(name="encoder", value=address, group=_GROUP)
    return cast("Callable[[], object]", point.load())
