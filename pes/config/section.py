"""Base of all sections of a YAML file."""

import ast
import inspect
from collections.abc import Mapping
from itertools import pairwise
from textwrap import dedent
from typing import Annotated, Any, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

__all__ = ["Isotopes", "Name", "NumberError", "Section", "Seed", "by_name", "descriptions"]

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

Isotopes = Annotated[tuple[str, ...], Field(min_length=2)]
"""Isotopes of a molecule."""

Name = Annotated[str, AfterValidator(_name)]
"""Name of a run; its folder is runs/<name>."""


class NumberError(ValueError):
    """Error: the number at a key of a section cannot be used."""

    def __init__(self, doubt: str, key: str, value: int) -> None:
        super().__init__(doubt)
        self.key, self.value = key, value


class Section(BaseModel):
    """Base of all sections: an unknown key is an error.

    The docstring below a key is its meaning; `descriptions` reads it, which takes too long to be
    done whenever a command starts. Validators are built when a section is first read: a command
    reads few of all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, defer_build=True)

    @model_validator(mode="before")
    @classmethod
    def _no_truth_for_numbers(cls, content: Any) -> Any:
        """YAML reads `yes` as true, which is not a number."""
        for name, value in content.items() if isinstance(content, Mapping) else ():
            if isinstance(value, bool) and name in cls.model_fields:
                kinds = _kinds(cls.model_fields[name].annotation)
                if bool not in kinds and Any not in kinds:
                    raise NumberError("must not be true or false", name, value)
        return content

    @model_validator(mode="after")
    def _numbers_of_a_machine(self) -> Self:
        """Whole numbers fit into 64 bits."""
        for name, value in self:
            if isinstance(value, int) and abs(value) >= 2**63:
                raise NumberError(f"must be less than {2**63}", name, value)
        return self


def descriptions(section: type[Section]) -> dict[str, str]:
    """Meaning of each key of a section, those that it inherits included.

    Example:
        >>> class Box(Section):
        ...     width: float = 1.0
        >>> descriptions(Box)  # no docstring stands below the key
        {}
    """
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


def _kinds(annotation: Any) -> list[Any]:
    """All types that an annotation names."""
    return [annotation, *(kind for inner in get_args(annotation) for kind in _kinds(inner))]


def by_name(value: Any) -> Any:
    """`kind` alone may be written as a plain word."""
    return {"kind": value} if isinstance(value, str) else value
