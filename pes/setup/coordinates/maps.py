"""Maps that replace lengths and angles by other variables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from pes.coordinates import MAPS, Internal, Map, Mapped
from pes.units import ANGSTROM

__all__ = ["PLAIN_RECORD", "MorseMap", "mapped"]

PLAIN_RECORD = {"extra": "forbid", "allow_inf_nan": False}
"""Settings of pydantic for a record of `pes.setup` in a configuration."""


@dataclass(frozen=True)
class MorseMap:
    """Morse variable y = 1 − exp(−a(r − r_e)), which replaces a length r.

    Attributes:
        steepness: steepness a, 1/Å, positive.
        centre: centre r_e, Å, positive.
        kind: name of this variable; it may be left out.

    Raises:
        ValueError: unless both are positive.
    """

    __pydantic_config__ = PLAIN_RECORD

    steepness: float
    centre: float
    kind: Literal["morse"] = "morse"

    def __post_init__(self) -> None:
        if not (self.steepness > 0 and self.centre > 0):
            raise ValueError(
                "a Morse variable takes a positive steepness and centre, got "
                f"{self.steepness} 1/A and {self.centre} A"
            )


def mapped(
    requests: Mapping[str, MorseMap | Literal["cos"]],
    internal: Internal,
    start: Tensor,
    ranges: Sequence[tuple[float, float]],
) -> tuple[Mapped, Tensor, list[tuple[float, float]]]:
    """Coordinates, start and ranges with the maps asked for.

    Args:
        requests: requests by name of the coordinate.
        internal: coordinates without them.
        start: a point (Q,).
        ranges: ends of each coordinate.

    Raises:
        ValueError: for a name that is no coordinate, or a map that does not suit its kind.
    """
    kinds = dict(zip(internal.names, internal.kinds, strict=True))
    maps: dict[str, Map] = {}
    for name, request in requests.items():
        if name not in kinds:
            raise ValueError(
                f"`coordinates.maps.{name}`: no such coordinate; there are {', '.join(kinds)}"
            )
        shown, suits = ("cos", "angle") if request == "cos" else ("morse", "length")
        if kinds[name] != suits:
            raise ValueError(
                f"`coordinates.maps.{name}`: {shown} is for a coordinate of the kind "
                f"{suits}, not {kinds[name]}"
            )
        if request == "cos":
            maps[name] = MAPS["cos"]()
        else:
            maps[name] = MAPS["morse"](request.steepness / ANGSTROM, request.centre * ANGSTROM)
    variables = Mapped(internal, maps)
    ends = variables.forward(torch.tensor(ranges, dtype=torch.float64).T).T.tolist()
    return variables, variables.forward(start), [(low, high) for low, high in ends]
