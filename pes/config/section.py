"""Base of all sections of a YAML file."""

import ast
import inspect
import re
from dataclasses import is_dataclass
from itertools import pairwise
from textwrap import dedent
from types import GenericAlias
from typing import Annotated, Any, get_args, get_type_hints

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

__all__ = [
    "Isotopes",
    "Name",
    "Section",
    "Seed",
    "by_name",
    "descriptions",
    "keys_of",
    "sections_of",
]

LONGEST_NAME = 200
"""Bytes; file systems take 255, and temporary files add some."""


def _name(value: str) -> str:
    """A name that is one folder below `runs/`, never a path.

    Raises:
        ValueError: for a path, an empty name or signs that no terminal prints.
    """
    if not value.strip() or value in (".", ".."):
        raise ValueError("a name needs letters or digits")
    if "/" in value or "\\" in value:
        raise ValueError("a name is not a path: take out the slashes; --output is for paths")
    if not value.isprintable() or value != value.strip():
        raise ValueError("a name must not contain control characters or begin or end with a space")
    if len(value.encode()) > LONGEST_NAME:
        raise ValueError(f"a name has {LONGEST_NAME} bytes at most")
    return value


Seed = Annotated[int, Field(ge=0, lt=2**63)]
"""Seed of random numbers."""


def _atoms(value: Any) -> Any:
    """Atoms of `O H D` or `O, H, D`, as commands and Python take them; a list as it is.

    Raises:
        ValueError: for a list of molecules in one line each, which is no molecule.
    """
    if isinstance(value, str):
        return tuple(value.replace(",", " ").split())
    if isinstance(value, (list, tuple)) and any(" " in str(one) for one in value):
        raise ValueError("must name one atom in each place, such as [O, H, D]")
    return value


Isotopes = Annotated[tuple[str, ...], BeforeValidator(_atoms), Field(min_length=2)]
"""Isotopes of a molecule, as a list or in one line."""

Name = Annotated[str, AfterValidator(_name)]
"""Name of a run; its folder is runs/<name>."""


class Section(BaseModel):
    """Base of all sections: an unknown key is an error.

    The docstring below a key is its meaning; `descriptions` reads it, which takes too long to be
    done whenever a command starts. Validators are built when a section is first read: a command
    reads few of all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)


def sections_of(annotation: Any) -> list[type]:
    """Sections, and records that take their place, that a type mentions.

    Example:
        >>> sections_of(dict[str, Section] | None)
        [<class 'pes.config.section.Section'>]
    """
    if isinstance(annotation, type) and not isinstance(annotation, GenericAlias):
        return [annotation] if issubclass(annotation, Section) or is_dataclass(annotation) else []
    return [s for argument in get_args(annotation) for s in sections_of(argument)]


def keys_of(section: type) -> dict[str, Any]:
    """Types of the keys of a section, or of the attributes of a record."""
    if is_dataclass(section):
        return get_type_hints(section, include_extras=True)
    return {name: field.annotation for name, field in section.model_fields.items()}


def descriptions(section: type) -> dict[str, str]:
    """Meaning of each key of a section, those that it inherits included; of a record likewise.

    Example:
        >>> class Box(Section):
        ...     width: float = 1.0
        >>> descriptions(Box)  # no docstring stands below the key
        {}
    """
    if is_dataclass(section):
        return _attributes(inspect.getdoc(section) or "")
    meanings: dict[str, str] = {}
    for owner in reversed([c for c in section.__mro__ if issubclass(c, Section)]):
        try:
            body = ast.parse(dedent(inspect.getsource(owner))).body[0]
        except OSError:  # typed at a prompt
            continue
        assert isinstance(body, ast.ClassDef)
        for key, below in pairwise(body.body):
            if isinstance(key, ast.AnnAssign) and isinstance(below, ast.Expr):
                words = ast.literal_eval(below.value)
                meanings[ast.unparse(key.target)] = inspect.cleandoc(words)
    return meanings


def _attributes(docstring: str) -> dict[str, str]:
    """Meaning of each attribute of a record, from its docstring."""
    part = re.split(r"^(?=\w+:$)", docstring.partition("Attributes:\n")[2], flags=re.M)[0]
    rows = re.findall(r"^    (\w+): (.*(?:\n {8}.*)*)", part, flags=re.M)
    return {name: _capitalised(" ".join(words.split())) for name, words in rows}


def _capitalised(words: str) -> str:
    """The same with a capital, but for a symbol."""
    first = words.split(maxsplit=1)[0]
    return words[0].upper() + words[1:] if first.isalpha() and len(first) > 1 else words


def by_name(value: Any) -> Any:
    """`kind` alone may be written as a plain word."""
    return {"kind": value} if isinstance(value, str) else value
