"""Plain values of a YAML text, or one line that says what is wrong with the text."""

from typing import Any

import yaml

__all__ = ["yaml_value"]

DEEPEST = 60
"""Levels of nesting; the deepest configuration has six."""
MOST_NODES = 1_000_000
"""Values with all aliases written out."""


class _Loader(yaml.SafeLoader):
    """Plain values only, each key of a mapping once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping whose keys differ."""
        seen: dict[Any, int] = {}
        for key_node, _ in node.value:
            merge = key_node.tag == "tag:yaml.org,2002:merge"
            if merge or not isinstance(key_node, yaml.ScalarNode):
                continue
            line = key_node.start_mark.line + 1
            if key_node.value in seen:
                raise ValueError(
                    f"line {line}: key `{key_node.value}` is there already, in line "
                    f"{seen[key_node.value]}; remove one of them"
                )
            seen[key_node.value] = line
        return super().construct_mapping(node, deep=deep)


def yaml_value(text: str) -> Any:
    """The plain value that a YAML text holds.

    Raises:
        ValueError: in one line, for anything that is not YAML, a key that is given twice or
            values nested too deeply.

    Example:
        >>> yaml_value("a: [1, 2]")
        {'a': [1, 2]}
    """
    try:
        if _depth(text) > DEEPEST:
            raise ValueError(f"values are nested more than {DEEPEST} deep")
        value = yaml.load(text, _Loader)
        if _nodes(value, {}) > MOST_NODES:
            raise ValueError(f"the aliases expand to more than {MOST_NODES:,} values")
    except RecursionError:
        raise ValueError("values are nested too deeply") from None
    except yaml.YAMLError as error:
        raise ValueError(f"not YAML ({' '.join(str(error).split())})") from None
    return value


def _depth(text: str) -> int:
    """Deepest nesting of a text."""
    depth = deepest = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            deepest = max(depth, deepest)
            if deepest > DEEPEST:  # the parser itself would fail soon
                break
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return deepest


def _nodes(value: Any, known: dict[int, int]) -> int:
    """Number of values with all aliases written out; one that holds itself is endless."""
    if not isinstance(value, dict | list):
        return 1
    if id(value) in known:
        return known[id(value)]
    known[id(value)] = MOST_NODES + 1  # while its own values are counted
    inner = value.values() if isinstance(value, dict) else value
    known[id(value)] = 1 + sum(_nodes(one, known) for one in inner)
    return known[id(value)]
