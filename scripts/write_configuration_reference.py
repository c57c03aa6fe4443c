"""Write docs/configuration.md from the sections in pes/config.

python scripts/write_configuration_reference.py [FILE]
"""

import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import is_dataclass
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
from pes.config.section import Name, descriptions, keys_of, sections_of

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

This page lists every key of every YAML file. `scripts/write_configuration_reference.py` writes it
from the files in `pes/config` and the records of `pes/setup` that they name; make changes there.

Energies are in cm⁻¹, lengths in Å, angles in degrees, unless a key says otherwise. Paths are
relative to the YAML file. A key that is not listed is an error. Where a section has
a key `kind`, its value alone may be written: `optimizer: lbfgs` means `optimizer: {kind: lbfgs}`.
On the command line, `--set section.key=value` replaces any value.
"""

PLAIN = {
    str: "text", int: "integer", float: "number", bool: "true or false", Path: "path",
    type(None): "nothing", Any: "any value",
}  # fmt: skip
TITLES = {
    "CoordinateRequest": "Coordinates", "MorseMap": "Morse", "TrainConfig": "pes-train",
    "LevelsConfig": "pes-levels", "SpectrumConfig": "pes-spectrum", "RefineConfig": "pes-refine",
    "ForceFieldConfig": "pes-levels with a force field", "SampleConfig": "pes-sample",
    "ModelConfig": "pes-levels with a one-dimensional model", "LabelConfig": "pes-label",
}  # fmt: skip
LIMITS = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}


def reference() -> str:
    """The whole page."""
    written: set[type] = set()
    parts = [INTRODUCTION]
    for top in TOP:
        sections = [s for s in found_in(top) if s not in written]
        for section in sections:
            written.add(section)
            parts.append(described(section, "##" if section is top else "###"))
    return "\n".join(parts)


def found_in(section: type) -> Iterator[type]:
    """A section and those inside it, each once, in the order of the keys."""
    seen: list[type] = []

    def visit(one: type) -> None:
        if one not in seen:
            seen.append(one)
            for annotation in keys_of(one).values():
                for inner in sections_of(annotation):
                    visit(inner)

    visit(section)
    yield from seen


def fields_of(section: type) -> dict[str, FieldInfo]:
    """Keys of a section or a record with their types and defaults."""
    if not is_dataclass(section):
        return section.model_fields
    types, known = keys_of(section), section.__dataclass_fields__
    return {name: FieldInfo.from_annotated_attribute(types[name], known[name]) for name in known}


def described(section: type, level: str) -> str:
    """Heading, purpose and table of one section."""
    words = descriptions(section)
    rows = [
        f"| `{key}` | {allowed(field)} | {default(field)} | {meaning(key, field, words.get(key))} |"
        for key, field in fields_of(section).items()
    ]
    head = ["| key | value | default | meaning |", "|---|---|---|---|"]
    return "\n".join([f"{level} {title(section)}", "", purpose(section), "", *head, *rows, ""])


def purpose(section: type) -> str:
    """First paragraphs of a docstring, up to the list of attributes."""
    return " ".join((section.__doc__ or "").partition("Attributes:")[0].split())


def title(section: type) -> str:
    """Name of a section as readers of YAML know it."""
    return TITLES.get(section.__name__, section.__name__.removesuffix("Section"))


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
        case None if isinstance(annotation, type) and sections_of(annotation):
            return f"[{title(annotation)}](#{title(annotation).lower()})"
        case None:
            return PLAIN.get(annotation, str(annotation))
        case origin if origin is Literal:
            return ", ".join(f"`{value}`" for value in arguments)
        case origin if origin is Annotated:
            return in_words(arguments[0])
        case origin if origin in (Union, types.UnionType):
            return " or ".join(in_words(a) for a in arguments if a is not type(None))
        case origin if origin is Sequence or (origin is tuple and arguments[-1] is Ellipsis):
            return f"list of {in_words(arguments[0])}"
        case origin if origin is tuple:
            return "[" + ", ".join(in_words(a) for a in arguments) + "]"
        case origin if origin in (dict, Mapping):
            return f"{in_words(arguments[1])} for each name"
        case _:
            return str(annotation)


def default(field: FieldInfo) -> str:
    """Default value as it would be written in YAML."""
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined:
        return "name of the file" if field.metadata == list(get_args(Name)[1:]) else "required"
    if value is None:
        return "none"
    if sections_of(type(value)):
        kind = getattr(value, "kind", None)
        return f"`{kind}`" if kind else "its defaults"
    if isinstance(value, tuple | dict):
        return f"`{list(value)}`" if value else "empty"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def meaning(key: str, field: FieldInfo, words: str | None) -> str:
    """Description, or that of the section the key holds, in one line and safe in a table."""
    inner = sections_of(field.annotation)
    words = words or (purpose(inner[0]) if len(inner) == 1 else "")
    words = words or ("Name of this kind of section." if key == "kind" else "")
    return " ".join(words.split()).replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    (Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET).write_text(reference(), encoding="utf-8")
