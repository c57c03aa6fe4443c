"""Interface that every system of internal coordinates offers."""

from collections.abc import Sequence
from math import inf
from typing import NamedTuple, Protocol

from torch import Tensor

__all__ = ["Direct", "Fold", "Internal", "Modes", "zero_at_minimum"]


class Fold(NamedTuple):
    """Points where a length or an angle is beyond its domain: a geometry met a second time.

    Attributes:
        name: name of the length or angle.
        kind: kind of the coordinate, a key of `KINDS`.
        beyond: (...) whether it is.
    """

    name: str
    kind: str
    beyond: Tensor


class Internal(Protocol):
    """Interface that every system of internal coordinates offers."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coordinates."""
        ...

    @property
    def kinds(self) -> tuple[str, ...]:
        """length, angle, dihedral, azimuth, normal, number or cosine."""
        ...

    @property
    def bend_through_line(self) -> bool:
        """Whether bond angles may pass 180°, as between two bonds of a T-shaped molecule."""
        ...

    def to_positions(self, q: Tensor, masses: Tensor) -> Tensor:
        """Positions (..., N, 3) of q (..., Q)."""
        ...

    def from_positions(self, positions: Tensor, masses: Tensor) -> Tensor:
        """q (..., Q) of positions (..., N, 3)."""
        ...

    def bounds(self) -> list[tuple[float, float]]:
        """Domain of each q alone, the others at the minimum, in which no geometry is folded."""
        ...

    def folds(self, q: Tensor) -> list[Fold]:
        """Lengths and angles below q (..., Q) that can leave their domain, and where they do."""
        ...

    def described(self, means: Tensor) -> tuple["Internal", Tensor]:
        """Coordinates whose means a table of levels shows, and these, of the means (S, Q) of q."""
        ...


class Direct:
    """Coordinates that are lengths and angles themselves, or variables of one of these each.

    The ends of their kinds are the ends of their domain: within them nothing is folded. Coordinates
    of your own inherit from it and add names, kinds and the two maps.
    """

    bend_through_line = False

    def bounds(self: Internal) -> list[tuple[float, float]]:
        """None: coordinates of this kind have no arguments of their own."""
        return [(-inf, inf)] * len(self.names)

    def folds(self, q: Tensor) -> list[Fold]:
        """Empty: each geometry is met once."""
        return []

    def described(self: Internal, means: Tensor) -> tuple[Internal, Tensor]:
        """These coordinates and their means (S, Q)."""
        return self, means


class Modes:
    """Dimensionless normal coordinates of any kind, from the lowest frequency up.

    Attributes:
        frequencies: harmonic ω (Q,), ascending, hartree.
    """

    frequencies: Tensor

    @property
    def names(self) -> tuple[str, ...]:
        """`q1`, `q2`, … from the lowest frequency up."""
        return tuple(f"q{k + 1}" for k in range(len(self.frequencies)))

    @property
    def kinds(self) -> tuple[str, ...]:
        """`normal`, dimensionless."""
        return ("normal",) * len(self.frequencies)


def zero_at_minimum(kinds: Sequence[str]) -> bool:
    """Whether coordinates of these kinds are normal ones, all zero at the minimum."""
    return set(kinds) == {"normal"}
