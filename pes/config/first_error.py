"""First error of a configuration in one line: the key, what it must be, what it is."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from pes.config.section import NumberError

__all__ = ["first_error"]

RENAMED = {
    "ensemble.chosen": "a run now keeps the choices of its members in chosen.json; remove this key",
}
"""Keys of earlier versions, from their section on, and what takes their place."""

RENAMED_VALUES = {("solver", "iterative"): "davidson"}
"""Keys with values of earlier versions, and what these are called now."""


def first_error(error: ValidationError, kind: type[BaseModel]) -> str:
    """First error of a configuration of a kind, in one line."""
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
    "neural", "linear", "kernel",
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
