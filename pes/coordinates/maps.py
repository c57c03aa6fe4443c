"""One-dimensional maps: another variable in place of a length or an angle."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pes.coordinates.internal import Direct, Internal

__all__ = ["MAPS", "Map", "Mapped", "cosine_map", "morse_map"]


@dataclass(frozen=True)
class Map:
    """A variable y of one coordinate q, and the way back.

    Attributes:
        name: key of `MAPS`, the beginning of the new name.
        kind: kind of the new coordinate.
        forward: y(q), monotonic.
        back: q(y).
    """

    name: str
    kind: str
    forward: Callable[[Tensor], Tensor]
    back: Callable[[Tensor], Tensor]


def morse_map(steepness: float, centre: float) -> Map:
    """y = 1 − exp(−a(r − r_e)): the far side of a stretch drawn together.

    Args:
        steepness: a, 1/bohr.
        centre: r_e, bohr.

    Example:
        >>> y = morse_map(1.2, 1.8)
        >>> float(y.back(y.forward(torch.tensor(2.5).double())))
        2.5
    """
    return Map(
        "morse",
        "number",
        lambda r: -torch.expm1(-steepness * (r - centre)),
        lambda y: centre - torch.log1p(-y) / steepness,
    )


def cosine_map() -> Map:
    """y = −cos θ, growing with θ: polynomials in it are the Legendre functions of θ."""
    return Map("cos", "cosine", lambda theta: -theta.cos(), lambda y: torch.acos(-y))


MAPS: dict[str, Callable[..., Map]] = {"cos": cosine_map, "morse": morse_map}
"""Maps by their name in `coordinates.maps` of a configuration."""


@dataclass(frozen=True)
class Mapped(Direct):
    """Coordinates some of which are replaced by a variable of their own.

    The names of those begin with the map, as in `morse_r1`; their kind is `number`,
    or `cosine` (−1 to 1).

    Args:
        inner: coordinates before.
        maps: maps by name of the coordinate.

    Raises:
        ValueError: if there is no such coordinate.
    """

    inner: Internal
    maps: Mapping[str, Map]

    def __post_init__(self) -> None:
        for name in self.maps:
            if name not in self.inner.names:
                raise ValueError(
                    f"maps: {name!r} is not a coordinate; they are {', '.join(self.inner.names)}"
                )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coordinates, those of mapped ones with the map before them."""
        return tuple(f"{self.maps[n].name}_{n}" if n in self.maps else n for n in self.inner.names)

    @property
    def kinds(self) -> tuple[str, ...]:
        """`number` or `cosine` for those that are mapped."""
        pairs = zip(self.inner.names, self.inner.kinds, strict=True)
        return tuple(self.maps[n].kind if n in self.maps else kind for n, kind in pairs)

    def forward(self, q: Tensor) -> Tensor:
        """Variables (..., Q) of the coordinates (..., Q) before."""
        pairs = zip(self.inner.names, q.unbind(-1), strict=True)
        return torch.stack([self.maps[n].forward(v) if n in self.maps else v for n, v in pairs], -1)

    def back(self, y: Tensor) -> Tensor:
        """Coordinates (..., Q) before, of the variables (..., Q)."""
        pairs = zip(self.inner.names, y.unbind(-1), strict=True)
        return torch.stack([self.maps[n].back(v) if n in self.maps else v for n, v in pairs], -1)

    def to_positions(self, q: Tensor, masses: Tensor) -> Tensor:
        """Positions (..., N, 3) in bohr of the variables (..., Q)."""
        return self.inner.to_positions(self.back(q), masses)

    def from_positions(self, positions: Tensor, masses: Tensor) -> Tensor:
        """Variables (..., Q) of positions (..., N, 3)."""
        return self.forward(self.inner.from_positions(positions, masses))
