"""Reading of a YAML file into a checked configuration, or one line that says what is wrong."""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from pes.config.section import NumberError, Section
from pes.files import check_file

__all__ = ["changed", "checked", "load_config", "read_yaml", "yaml_value"]

C = TypeVar("C", bound=Section)

RENAMED = {
    "ensemble.chosen": "a run now keeps the choices of its members in chosen.json; remove this key",
}
"""Keys of earlier versions, from their section on, and what takes their place."""

RENAMED_VALUES = {("solver", "iterative"): "davidson"}
"""Keys with values of earlier versions, and what these are called now."""


DEEPEST = 60
"""Levels of nesting; the deepest configuration has six."""
MOST_NODES = 1_000_000
"""Values with all aliases written out."""


def load_config(path: Path, kind: type[C], settings: Sequence[str] = ()) -> C:
    """Read and check a YAML file.

    Args:
        path: of the file.
        kind: the model it must fit.
        settings: `section.key=value` from the command line, values as YAML.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: in one line that names file, key and what was expected.
    """
    return checked(read_yaml(path), kind, settings, str(path))


def checked(content: dict[str, Any], kind: type[C], settings: Sequence[str], where: str) -> C:
    """A configuration of a mapping, such as one that no file holds.

    Args:
        content: keys and values; the settings are written into it.
        kind: the model it must fit.
        settings: `section.key=value` from the command line, values as YAML.
        where: for messages.

    Raises:
        ValueError: in one line that names the key and what was expected.
    """
    for setting in settings:
        _set(content, setting)
    try:
        config = kind.model_validate(content)
    except ValidationError as error:
        raise ValueError(f"{where}: {_in_words(error, kind)}") from None
    return config


def changed(config: C, changes: Mapping[str, Any], where: str) -> C:
    """A configuration with other values at some keys, checked again.

    Args:
        config: as it is.
        changes: `section.key` → value.
        where: for messages.

    Raises:
        ValueError: in one line that names the key and what was expected.
    """
    content = config.model_dump(mode="json")
    for key, value in changes.items():
        _place(content, key, value, where)
    try:
        return type(config).model_validate(content)
    except ValidationError as error:
        raise ValueError(f"`{where}`: {_in_words(error, type(config))}") from None


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
            raise ValueError(f"{where}: {parent} is not a section")
    content[last] = value


def _in_words(error: ValidationError, kind: type[BaseModel]) -> str:
    """The first thing wrong, in one line."""
    # A misspelt key explains the missing one; within a union the deepest error is the one meant.
    first = min(error.errors(), key=lambda e: (e["type"] != "extra_forbidden", -len(e["loc"])))
    before = (None, *first["loc"])
    place = [p for b, p in zip(before, first["loc"], strict=False) if not _is_tag(p, b)]
    shown = "" if isinstance(first["input"], Mapping) else f", got {first['input']!r}"
    if first["type"] == "union_tag_invalid":
        place.append("kind")
        shown = f", got {first.get('ctx', {})['tag']!r}"
    if isinstance(wrong := first.get("ctx", {}).get("error"), NumberError):
        place.append(wrong.key)
        shown = f", got {str(wrong.value)[:40]}"
    key = ".".join(str(p) for p in place)
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    if (sentence := _of_earlier_versions(key, first["input"])) is not None:
        return f"`{key}`: {sentence}{more}"
    if first["type"] == "extra_forbidden":
        return f"unknown key `{key}`{_nearest(str(place[-1]), kind, place[:-1])}{more}"
    if first["type"] == "missing":
        return f"key `{key}` is missing{more}"
    if first["type"] in REQUIREMENTS:
        requirement = REQUIREMENTS[first["type"]].format(**first.get("ctx", {}))
        return f"`{key}`: must be {requirement}{shown}{more}"
    message = first["msg"].removeprefix("Value error, ")
    where = f"`{key}`: " if key else ""
    return f"{where}{message[0].lower()}{message[1:]}{shown}{more}"


REQUIREMENTS = {
    "greater_than": "greater than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "too_short": "a list of at least {min_length}",
    "too_long": "a list of at most {max_length}",
    "string_too_short": "text of at least {min_length} characters",
    "literal_error": "{expected}",
    "union_tag_invalid": "one of {expected_tags}",
    "finite_number": "a finite number",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "text; put it in quotes if YAML reads it as something else",
    "path_type": "the path of a file",
    "list_type": "a list, such as [a, b]",
    "tuple_type": "a list, such as [a, b]",
    "dict_type": "a section of `key: value` lines",
    "model_type": "a section of `key: value` lines",
    "model_attributes_type": "a section of `key: value` lines",
}
"""Ends of `must be ...` for the errors of pydantic, by its names for them."""


def _of_earlier_versions(key: str, value: Any) -> str | None:
    """Sentence about a key or a value that an earlier version knew."""
    for old, sentence in RENAMED.items():
        if f".{key}".endswith(f".{old}"):
            return sentence
    for (name, old), new in RENAMED_VALUES.items():
        if f".{key}".endswith(f".{name}") and value == old:
            return f"{old!r} was removed; use {new!r} instead"
    return None


_TAGS = {
    "levenberg_marquardt", "lbfgs", "adam", "none", "partridge_schwenke", "boltzmann", "ratio",
    "neural", "linear",
}  # fmt: skip

_KINDS_AND_KEYS = {
    "surface": "baseline", "column": "weights", "pyscf": "program", "external": "program",
    "processes": "workers", "dask": "workers", "queue": "workers",
}  # fmt: skip
"""Kinds that are or may be names of keys, and the section that they are a kind of."""


def _is_tag(part: str | int, before: str | int | None) -> bool:
    """Pydantic adds the chosen member of a union to the path; readers need not see it."""
    if part in _KINDS_AND_KEYS:
        return before == _KINDS_AND_KEYS[part]
    return isinstance(part, str) and (
        part in _TAGS
        or part.startswith(("function-", "literal[", "dict[", "tuple[", "constrained-"))
    )


def _nearest(key: str, kind: type[BaseModel], parents: Sequence[str | int]) -> str:
    """`, nearest valid key ...` or the list of keys."""
    names = _keys(kind, list(parents))
    near = difflib.get_close_matches(key, names, 1, 0.5)
    return f"; did you mean `{near[0]}`?" if near else f"; valid are {', '.join(sorted(names))}"


def _keys(kind: type[BaseModel], parents: list[str | int]) -> list[str]:
    """Keys allowed in the section that the path leads to, every member of a union counted."""
    kinds: list[Any] = [kind]
    for parent in parents:
        fields = [k.model_fields[parent] for k in kinds if parent in k.model_fields]
        if fields:
            kinds = [m for f in fields for m in _models(f.annotation)]
    return sorted({name for k in kinds for name in k.model_fields})


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Section classes inside an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for argument in get_args(annotation) for m in _models(argument)]


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
