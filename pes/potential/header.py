"""Header of a surface file: one schema, and the checksum that guards it and the tensors."""

import json
import re
from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
)
from torch import Tensor

from pes.descriptors import DESCRIPTORS
from pes.descriptors.invariants import VARIABLES
from pes.elements import element
from pes.potential.analytic import ANALYTIC
from pes.potential.mlp import ACTIVATIONS

__all__ = ["FORMAT", "METADATA", "VERSION", "Header", "header_of", "signed", "unsigned"]

FORMAT = "pes surface"
VERSION = 3
"""Version 1 held no tables of the invariants: they are made again for it. Versions 1 and 2 held no
checksum."""

METADATA = "pes"
"""Entry of the metadata that holds the header. The only one: safetensors writes several in an order
that changes from one process to the next, and equal surfaces shall be equal files."""

_SIGNATURE = re.compile(r'\{"sha256": "([0-9a-f]{64})", ')

UNITS = {"energy": "hartree", "length": "bohr"}


def signed(header: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str:
    """A header as JSON, its first key the checksum of what follows and of the tensors."""
    text = json.dumps(header)
    return f'{{"sha256": "{_checksum(text, tensors)}", {text[1:]}'


def unsigned(text: str, tensors: Mapping[str, Tensor]) -> tuple[str, bool | None]:
    """The header without its checksum, and whether the checksum is right; None without one."""
    match = _SIGNATURE.match(text)
    if match is None:
        return text, None
    rest = "{" + text[match.end() :]
    return rest, match[1] == _checksum(rest, tensors)


def _checksum(header: str, tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of a header and of the names, types, shapes and bytes of all tensors.

    Args:
        header: JSON as the file holds it.
        tensors: tensors on the CPU, contiguous.
    """
    total = sha256(header.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        total.update(f"\0{name} {tensor.dtype} {tuple(tensor.shape)}\0".encode())
        total.update(tensor.numpy().tobytes())
    return total.hexdigest()


class _Part(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, defer_build=True
    )


def _one_of(names: Collection[str]) -> AfterValidator:
    def known(value: str) -> str:
        if value not in names:
            raise ValueError(f"must be one of {', '.join(sorted(names))}")
        return value

    return AfterValidator(known)


def _isotope(symbol: str) -> str:
    element(symbol)
    return symbol


Isotopes = Annotated[tuple[Annotated[str, AfterValidator(_isotope)], ...], Field(min_length=2)]
Length = Annotated[float, Field(gt=0, le=1e6)]


class _Distances(_Part):
    kind: Literal["distances"]
    elements: Isotopes


class _Morse(_Part):
    kind: Literal["morse"]
    elements: Isotopes
    length: Length


class _Invariants(_Part):
    kind: Literal["invariants"]
    elements: Isotopes
    degree: int = Field(ge=1, le=30)
    length: Length
    variable: Annotated[str, _one_of(VARIABLES)]


Descriptor = Annotated[_Distances | _Morse | _Invariants, Field(discriminator="kind")]


COMPOSED = (
    "corrected", "dipole", "dipole_network", "ensemble", "function", "kernel", "linear", "neural",
)  # fmt: skip
"""Kinds of surfaces that are not analytic."""


class _Analytic(_Part):
    kind: Annotated[str, _one_of((*COMPOSED, *ANALYTIC))]


class _Function(_Part):
    kind: Literal["function"]
    reference: str = Field(min_length=3)
    differentiable: bool


class _Kernel(_Part):
    kind: Literal["kernel"]
    elements: Isotopes
    centres: int = Field(ge=1, le=1_000_000)
    length: Length
    width: Length


class _Linear(_Part):
    kind: Literal["linear"]
    descriptor: Descriptor
    baseline: "Settings | None" = None


class _Dipole(_Part):
    kind: Literal["dipole"]
    elements: Isotopes
    degree: int = Field(ge=1, le=30)
    variable: Literal["morse", "inverse"]
    length: Length
    charge: int = Field(ge=-100, le=100)


class _DipoleNetwork(_Part):
    kind: Literal["dipole_network"]
    elements: Isotopes
    degree: int = Field(ge=1, le=30)
    variable: Literal["morse", "inverse"]
    length: Length
    charge: int = Field(ge=-100, le=100)
    hidden: tuple[Annotated[int, Field(ge=1, le=100_000)], ...] = Field(max_length=100)
    activation: Annotated[str, _one_of(ACTIVATIONS)]


class _Neural(_Part):
    kind: Literal["neural"]
    descriptor: Descriptor
    hidden: tuple[Annotated[int, Field(ge=1, le=100_000)], ...] = Field(max_length=100)
    activation: Annotated[str, _one_of(ACTIVATIONS)]
    baseline: "Settings | None" = None


class _Ensemble(_Part):
    kind: Literal["ensemble"]
    members: "tuple[Settings, ...]" = Field(min_length=1)
    inflation: float = Field(default=1.0, gt=0)


class _Corrected(_Part):
    kind: Literal["corrected"]
    base: "Settings"
    correction: "Settings"


def _kind(settings: Any) -> str:
    kind = settings.get("kind") if isinstance(settings, dict) else None
    return kind if kind in COMPOSED else "analytic"


Settings = Annotated[
    Annotated[_Corrected, Tag("corrected")]
    | Annotated[_Dipole, Tag("dipole")]
    | Annotated[_DipoleNetwork, Tag("dipole_network")]
    | Annotated[_Ensemble, Tag("ensemble")]
    | Annotated[_Function, Tag("function")]
    | Annotated[_Kernel, Tag("kernel")]
    | Annotated[_Linear, Tag("linear")]
    | Annotated[_Neural, Tag("neural")]
    | Annotated[_Analytic, Tag("analytic")],
    Discriminator(_kind),
]


class _Units(_Part):
    energy: Literal["hartree"]
    length: Literal["bohr"]


def _rising(energies: tuple[float, float]) -> tuple[float, float]:
    if energies[0] > energies[1]:
        raise ValueError("the lowest energy must come first")
    return energies


class Header(_Part):
    """Everything of a surface file that is not a tensor.

    Attributes:
        format: `pes surface`.
        version: version of the format.
        units: hartree and bohr; no other unit is read.
        settings: kind of surface and of its parts, as `surface_settings` writes them.
        symbols: isotopes in the order of the positions.
        energy_range: lowest and highest training energy in hartree.
        data_hash: data hash of the training data.
        notes: anything that JSON can hold.
    """

    format: Literal["pes surface"] = "pes surface"
    version: int = Field(default=VERSION, ge=1, le=VERSION)
    units: _Units = _Units(energy="hartree", length="bohr")
    settings: Settings
    symbols: Isotopes
    energy_range: Annotated[tuple[float, float], AfterValidator(_rising)]
    data_hash: str
    notes: dict[str, Any]


TAGS = (*COMPOSED, "analytic", *DESCRIPTORS)
"""Kinds, which pydantic adds to the path of a key."""


def header_of(text: str) -> dict[str, Any]:
    """The header in a JSON text, checked.

    Raises:
        ValueError: in one line, which key is wrong.
    """
    try:
        Header.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"] if part not in TAGS)
        message = first["msg"].removeprefix("Value error, ")
        bare = first["type"] in ("missing", "json_invalid")
        value = "" if bare else f", got {_short(first['input'])}"
        raise ValueError(
            f"header{f' `{key}`' if key else ''}: {message[0].lower()}{message[1:]}{value}"
        ) from None
    return json.loads(text)


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) < 80 else f"{shown[:77]}..."
