"""Write docs/configuration.md from the sections in pes/config.

python scripts/write_configuration_reference.py [FILE]
"""

import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from pes.config import (
    ForceFieldConfig,
    LabelConfig,
    LevelsConfig,
    ModelConfig,
    RefineConfig,
    SampleConfig,
    SpectrumConfig,
    TrainConfig,
)
from pes.config.section import Name, Section, descriptions

TARGET = Path(__file__).parents[1] / "docs" / "configuration.md"
TOP = (
    TrainConfig,
    LevelsConfig,
    SpectrumConfig,
    ForceFieldConfig,
    ModelConfig,
    RefineConfig,
    SampleConfig,
    LabelConfig,
)

INTRODUCTION = """\
# Configuration

Every key of every YAML file. `scripts/write_configuration_reference.py` makes this page from
the files in `pes/config`; change it there.

Energies are in cm⁻¹, lengths in Å, angles in degrees, unless a key says otherwise. Paths are
relative to that file. A key that is not listed is an error. Where a section has
a key `kind`, a plain word is short for it: `optimizer: lbfgs` is `optimizer: {kind: lbfgs}`.
On the command line, `--set section.key=value` replaces any value.
"""

PLAIN = {
    str: "text", int: "integer", float: "number", bool: "true or false", Path: "path",
    type(None): "nothing",
}  # fmt: skip
LIMITS = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}


def reference() -> str:
    """The whole page."""
    written: dict[type[Section], str] = {}
    parts = [INTRODUCTION]
    for top in TOP:
        sections = [s for s in found_in(top) if s not in written]
        for section in sections:
            written[section] = title(section)
            parts.append(described(section, "##" if section is top else "###"))
    return "\n".join(parts)


def found_in(section: type[Section]) -> Iterator[type[Section]]:
    """A section and those inside it, each once, in the order of the keys."""
    seen: list[type[Section]] = []

    def visit(one: type[Section]) -> None:
        if one not in seen:
            seen.append(one)
            for field in one.model_fields.values():
                for inner in sections_of(field.annotation):
                    visit(inner)

    visit(section)
    yield from seen


def sections_of(annotation: Any) -> list[type[Section]]:
    """Sections that a type mentions."""
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return [annotation] if issubclass(annotation, Section) else []
    return [s for argument in get_args(annotation) for s in sections_of(argument)]


def described(section: type[Section], level: str) -> str:
    """Heading, purpose and table of one section."""
    words = descriptions(section)
    rows = [
        f"| `{key}` | {allowed(field)} | {default(field)} | {meaning(field, words.get(key))} |"
        for key, field in section.model_fields.items()
    ]
    head = ["| key | value | default | meaning |", "|---|---|---|---|"]
    purpose = " ".join((section.__doc__ or "").split())
    return "\n".join([f"{level} {title(section)}", "", purpose, "", *head, *rows, ""])


def title(section: type[Section]) -> str:
    """Name of a section as readers of YAML know it."""
    return section.__name__.removesuffix("Section")


def allowed(field: FieldInfo) -> str:
    """Type and limits of a key."""
    limits = [
        f"{sign} {getattr(item, name):g}"
        for item in field.metadata
        for name, sign in LIMITS.items()
        if getattr(item, name, None) is not None
    ]
    return ", ".join([in_words(field.annotation), *limits])


def in_words(annotation: Any) -> str:
    """A type as a reader of YAML thinks of it."""
    arguments = get_args(annotation)
    match get_origin(annotation):
        case None if isinstance(annotation, type) and issubclass(annotation, Section):
            return f"[{title(annotation)}](#{title(annotation).lower()})"
        case None:
            return PLAIN.get(annotation, str(annotation))
        case origin if origin is Literal:
            return ", ".join(f"`{value}`" for value in arguments)
        case origin if origin is Annotated:
            return in_words(arguments[0])
        case origin if origin in (Union, types.UnionType):
            return " or ".join(in_words(a) for a in arguments if a is not type(None))
        case origin if origin is tuple and arguments[-1] is Ellipsis:
            return f"list of {in_words(arguments[0])}"
        case origin if origin is tuple:
            return "[" + ", ".join(in_words(a) for a in arguments) + "]"
        case origin if origin is dict:
            return f"{in_words(arguments[0])}: {in_words(arguments[1])}, any number of them"
        case _:
            return str(annotation)


def default(field: FieldInfo) -> str:
    """Default value as it would be written in YAML."""
    value = field.default
    if value is PydanticUndefined:
        return "name of the file" if field.metadata == list(get_args(Name)[1:]) else "required"
    if value is None:
        return "none"
    if isinstance(value, Section):
        kind = getattr(value, "kind", None)
        return f"`{kind}`" if kind else "its defaults"
    if isinstance(value, tuple | dict):
        return f"`{list(value)}`" if value else "empty"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def meaning(field: FieldInfo, words: str | None) -> str:
    """Description, or that of the section the key holds, in one line and safe in a table."""
    inner = sections_of(field.annotation)
    words = words or (inner[0].__doc__ if len(inner) == 1 else None) or ""
    return " ".join(words.split()).replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    (Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET).write_text(reference(), encoding="utf-8")
