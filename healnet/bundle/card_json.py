"""``card.json``: read with the types that the program relies on."""

from dataclasses import fields

from healnet.bundle.config_json import read_json, unreadable
from healnet.exceptions import Notice

_NOTICE_KEYS = frozenset(item.name for item in fields(Notice))


def read_card(content: bytes, *, where: str) -> dict[str, object]:
    """Return the card of a model.

    What is shown of it may be anything; what decides something must have its type.

    Raises:
        BundleError: ``MODEL-CONFIG`` if it is not JSON, or notices, ``study_slides``,
            ``is_synthetic`` or ``start`` are not what they should be.
    """
    card = read_json(content, where=where)
    if not isinstance(card.get("is_synthetic", False), bool):
        raise unreadable("is_synthetic is neither true nor false", where)
    slides = card.get("study_slides", [])
    if not isinstance(slides, list) or not all(isinstance(one, str) for one in slides):
        raise unreadable("study_slides is no list of hashes", where)
    if not isinstance(card.get("start") or {}, dict):
        raise unreadable("start is no model", where)
    notices = card.get("notices", [])
    if not isinstance(notices, list) or not all(map(_is_notice, notices)):
        raise unreadable("a notice has other parts than a notice", where)
    return card


def _is_notice(one: object) -> bool:
    return (
        isinstance(one, dict)
        and {"code", "what"} <= set(one) <= _NOTICE_KEYS
        and all(isinstance(text, str) for text in one.values())
    )
