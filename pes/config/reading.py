"""Reading of a YAML file into a checked configuration, or one line that says what is wrong."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from pes.config.first_error import first_error
from pes.config.section import Section
from pes.files import check_file

__all__ = ["changed", "checked", "load_config", "read_yaml", "yaml_value"]

C = TypeVar("C", bound=Section)

DEEPEST = 60
"""Levels of nesting; the deepest configuration has six."""
MOST_NODES = 1_000_000
"""Values with all aliases written out."""


def load_config(path: Path, kind: type[C], settings: Sequence[str] = ()) -> C:
    """Read and check a YAML file; a run that it does not name has the name of the file.

    Args:
        path: path of the file.
        kind: the model it must fit.
        settings: `section.key=value` from the command line, values as YAML.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: in one line that names file, key and what was expected.
    """
    content = read_yaml(path)
    if "name" in kind.model_fields:
        content.setdefault("name", path.stem)
    return checked(content, kind, settings, str(path))


def checked(content: dict[str, Any], kind: type[C], settings: Sequence[str], where: str) -> C:
    """A configuration of a mapping, such as one that no file holds.

    Args:
        content: keys and values; the settings are written into it.
        kind: the model it must fit.
        settings: `section.key=value` from the command line, values as YAML.
        where: place of the value, named in messages.

    Raises:
        ValueError: in one line that names the key and what was expected.
    """
    for setting in settings:
        _set(content, setting)
    return _validated(content, kind, where)


def changed(config: C, changes: Mapping[str, Any], where: str) -> C:
    """A configuration with other values at some keys, checked again.

    Args:
        config: as it is.
        changes: `section.key` → value.
        where: place of the value, named in messages.

    Raises:
        ValueError: in one line that names the key and what was expected.
    """
    content = config.model_dump(mode="json")
    for key, value in changes.items():
        _place(content, key, value, where)
    return _validated(content, type(config), f"`{where}`")


def _validated(content: dict[str, Any], kind: type[C], where: str) -> C:
    try:
        config = kind.model_validate(content)
    except ValidationError as error:
        raise ValueError(f"{where}: {first_error(error, kind)}") from None
    if (doubt := _wrong_number(content, config)) is not None:
        raise ValueError(f"{where}: {doubt}")
    return config


def _wrong_number(content: Any, read: Any, key: str = "") -> str | None:
    """Why the first wrong number that pydantic accepts is refused; None if there is none.

    YAML reads `yes` as true, which counts as 1, and a whole number may have any length.

    Args:
        content: as it stands in the file.
        read: what was made of it, a configuration or a part of one.
        key: where it stands.
    """
    if isinstance(read, int | float) and not isinstance(read, bool):
        if isinstance(content, bool):
            return f"`{key}`: must not be true or false, got {content}"
        if isinstance(read, int) and abs(read) >= 2**63:
            return f"`{key}`: must be less than {2**63}, got {str(read)[:40]}"
        return None
    inner = vars(read) if hasattr(read, "__dict__") else read
    if isinstance(inner, list | tuple):
        inner = dict(enumerate(inner))
        content = dict(enumerate(content)) if isinstance(content, list | tuple) else None
    if not isinstance(inner, Mapping):
        return None
    given = content if isinstance(content, Mapping) else {}
    doubts = (
        _wrong_number(given.get(name), part, f"{key}.{name}".lstrip("."))
        for name, part in inner.items()
    )
    return next(filter(None, doubts), None)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file.

    Raises:
        FileNotFoundError, ValueError: if there is none.
    """
    check_file(path, "configuration file")
    try:
        content = yaml_value(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise ValueError(f"{path}: not a text file in UTF-8; save it as one") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if not isinstance(content, dict):
        raise ValueError(f"{path}: expected `key: value` lines, got {type(content).__name__}")
    return content


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
                    f"line {line}: key `{key_node.value}` is already in line "
                    f"{seen[key_node.value]}; remove one of them"
                )
            seen[key_node.value] = line
        return super().construct_mapping(node, deep=deep)


def _set(content: dict[str, Any], setting: str) -> None:
    key, equals, value = setting.partition("=")
    if not equals:
        raise ValueError(f"--set {setting}: write section.key=value")
    try:
        read = yaml_value(value)
    except ValueError as error:
        raise ValueError(f"--set {setting}: {error}") from None
    _place(content, key, read, f"--set {setting}")


def _place(content: dict[str, Any], key: str, value: Any, where: str) -> None:
    *parents, last = key.split(".")
    for parent in parents:
        content = content.setdefault(parent, {})
        if not isinstance(content, dict):
            raise ValueError(f"{where}: {parent} is not a section; set it as a whole, {parent}=...")
    content[last] = value
