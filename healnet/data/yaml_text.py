"""YAML that a person wrote: read without code, without aliases, and with every name once."""

from collections import Counter

import yaml

from healnet.exceptions import ConfigError

_MAX_DIGITS = 100  # of a whole number; more fits into no setting, and not into every message


def parse_yaml(content: bytes) -> object:
    """Return the values in a YAML text; every JSON text is one.

    Raises:
        ConfigError: ``CONFIG-YAML`` if it is no YAML in UTF-8, a name stands twice in one
            place, a part is an alias, or a number cannot be one of a setting.
    """
    try:
        text = content.decode("utf-8")
        is_alias = [
            isinstance(one, yaml.AliasEvent) for one in yaml.parse(text, yaml.SafeLoader)
        ]
        fault = "aliases (*name) are not read"  # they can grow without limit
        if not any(is_alias):
            fault = _fault(yaml.compose(text, yaml.SafeLoader))
        content_read = None if fault else yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError("not readable as YAML", code="CONFIG-YAML") from error
    if fault:
        raise ConfigError(fault, code="CONFIG-YAML")
    return content_read


def _fault(node: yaml.Node | None) -> str:
    """Return what YAML itself would pass in silence; empty if there is nothing.

    Of a name that stands twice it keeps the last.
    """
    if isinstance(node, yaml.ScalarNode):
        is_long = node.tag.endswith(":int") and len(node.value) > _MAX_DIGITS
        return f"a number has {len(node.value):,} digits" if is_long else ""
    if isinstance(node, yaml.SequenceNode):
        return _first_fault(node.value)
    if isinstance(node, yaml.MappingNode):
        counts = Counter(str(key.value) for key, _ in node.value)
        double = next((key for key, count in counts.items() if count > 1), None)
        if double is not None:
            return f"{double} stands there twice"
        return _first_fault([part for pair in node.value for part in pair])
    return ""


def _first_fault(nodes: list[yaml.Node]) -> str:
    return next((fault for node in nodes if (fault := _fault(node))), "")
