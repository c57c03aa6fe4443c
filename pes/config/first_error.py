"""First error of a configuration in one line: the key, what it must be, what it is."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from pes.config.section import keys_of, sections_of

__all__ = ["first_error"]

RENAMED = {
    "ensemble.chosen": "a run now keeps the choices of its members in chosen.json; remove this key",
}
"""Keys of earlier versions, from their section on, and what takes their place."""

ONE_WORD = ({"kind": "cos"},)
"""Sections of earlier versions that are one word now."""

RENAMED_VALUES = {("solver", "iterative"): "davidson"}
"""Keys with values of earlier versions, and what these are called now."""


def first_error(error: ValidationError, kind: type[BaseModel]) -> str:
    """First error of a configuration of a kind, in one line."""
    # A misspelt key explains the missing one; within a union the deepest error is the one meant.
    errors = error.errors()
    first = min(errors, key=lambda e: (e["type"] not in _UNKNOWN, -len(e["loc"])))
    place = _place(first["loc"])
    shown = "" if isinstance(first["input"], Mapping) else f", got {first['input']!r}"
    if first["type"] == "union_tag_invalid":
        place.append("kind")
        shown = f", got {first.get('ctx', {})['tag']!r}"
    key = ".".join(str(p) for p in place)
    # Other members of a union complain about the same value.
    others = [e for e in errors if not _within(place, _place(e["loc"]))]
    more = f" ({len(others)} more error{'s' if len(others) > 1 else ''})" if others else ""
    if (sentence := _of_earlier_versions(key, first["input"])) is not None:
        return f"`{key}`: {sentence}{more}"
    if first["type"] in _UNKNOWN:
        return f"unknown key `{key}`{_nearest(str(place[-1]), kind, place[:-1])}{more}"
    if first["type"] == "missing" and first["input"] in ONE_WORD:
        word = first["input"]["kind"]
        return f"`{'.'.join(map(str, place[:-1]))}`: write `{word}` in place of `kind: {word}`"
    if first["type"] == "missing":
        return f"key `{key}` is missing{more}"
    if isinstance(first["input"], bool) and first["type"] in _OF_NUMBERS:
        return f"`{key}`: must not be true or false{shown}{more}"
    if first["type"] in REQUIREMENTS:
        kinds = [
            REQUIREMENTS[e["type"]].format(**e.get("ctx", {}))
            for e in errors
            if e["type"] in REQUIREMENTS and _place(e["loc"]) == _place(first["loc"])
        ]
        return f"`{key}`: must be {' or '.join(dict.fromkeys(kinds))}{shown}{more}"
    message = first["msg"].removeprefix("Value error, ")
    # Records in a section name their key; a section names only keys of its own.
    if message.startswith("`") and (len(place) > 1 or message.startswith(f"`{key}")):
        return f"{message}{more}"
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
    "dataclass_type": "a section of `key: value` lines",
    "sequence_str": "a list, such as [a, b]",
    "is_instance_of": "a list, such as [a, b]",
    "model_type": "a section of `key: value` lines",
    "model_attributes_type": "a section of `key: value` lines",
}
"""Ends of `must be ...` for the errors of pydantic, by its names for them."""

_UNKNOWN = {"extra_forbidden", "unexpected_keyword_argument"}
"""Names that pydantic gives to errors of unknown keys, in sections and in records."""

_OF_NUMBERS = {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}
"""Errors of numbers; pydantic reads true as 1 and false as 0."""


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
    "neural", "linear", "kernel", "MorseMap",
}  # fmt: skip

_KINDS_AND_KEYS = {
    "surface": "baseline", "column": "weights", "pyscf": "program", "external": "program",
    "processes": "workers", "dask": "workers", "queue": "workers",
}  # fmt: skip
"""Kinds that are or may be names of keys, and the section that they are a kind of."""


def _place(path: Sequence[str | int]) -> list[str | int]:
    """Keys and numbers that lead to a value, as a reader of YAML sees them."""
    before = (None, *path)
    return [p for b, p in zip(before, path, strict=False) if not _is_tag(p, b)]


def _within(place: Sequence[str | int], outer: Sequence[str | int]) -> bool:
    """Whether a place in a configuration is `outer` or a key inside it."""
    return list(place[: len(outer)]) == list(outer)


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
        within = [keys_of(k)[parent] for k in kinds if parent in keys_of(k)]
        if within:
            kinds = [m for annotation in within for m in sections_of(annotation)]
    return sorted({name for k in kinds for name in keys_of(k)})
