"""Specification of the basis of one coordinate, and how it grows to test convergence."""

from dataclasses import dataclass, replace
from difflib import get_close_matches
from math import ceil, inf, isfinite, pi

from pes.vibration.basis.primitives import PRIMITIVES

__all__ = ["BasisSpec"]

NATURAL_ENDS = {"legendre": (0.0, pi), "polynomial": (-1.0, 1.0)}
"""Ends of angles and of their cosines: linearity."""


@dataclass(frozen=True)
class BasisSpec:
    """Specification of the basis of one coordinate.

    Attributes:
        basis: a key of `PRIMITIVES`.
        low: lower end, bohr or radians.
        high: upper end.
        functions: contracted functions n.
        points: quadrature points m; None uses the primitive quadrature.
        primitives: functions of the primitive basis.
        name: name for messages and tables.

    Raises:
        ValueError: for an unknown basis, an empty range, one that leaves 0 to π under a
            Legendre basis, or sizes that do not fit each other.

    Example:
        >>> BasisSpec("sinc", 1.2, 3.1, 9, points=18).more_functions().functions
        11
    """

    basis: str
    low: float
    high: float
    functions: int
    points: int | None = None
    primitives: int = 61
    name: str = "q"

    def __post_init__(self) -> None:
        if self.basis not in PRIMITIVES:
            near = get_close_matches(self.basis, PRIMITIVES, 1, 0.0)[0]
            raise ValueError(
                f"{self.name}: basis must be one of {', '.join(PRIMITIVES)}, "
                f"got {self.basis!r}; did you mean {near!r}?"
            )
        self._check_range()
        self._check_sizes()

    def _check_range(self) -> None:
        if not (isfinite(self.low) and isfinite(self.high) and self.low < self.high):
            raise ValueError(
                f"{self.name}: the range must run from a lower to a higher end, "
                f"got {self.low} to {self.high}"
            )
        # Degrees times π/180 may pass π by rounding.
        if self.basis == "legendre" and not (self.low > -1e-9 and self.high < pi + 1e-9):
            raise ValueError(
                f"{self.name}: Legendre functions take an angle within 0 to π, "
                f"got {self.low} to {self.high} radians; end the range at linearity"
            )

    def _check_sizes(self) -> None:
        points = self.functions if self.points is None else self.points
        if not 1 <= self.functions <= points <= self.primitives:
            raise ValueError(
                f"{self.name}: sizes must obey 1 ≤ functions ≤ points ≤ primitives, "
                f"got {self.functions}, {self.points}, {self.primitives}"
            )

    def more_functions(self) -> "BasisSpec":
        """The same with 15 % more functions, at least two more, and the old ratio m/n.

        A single function more would change levels of one parity only.
        """
        n = max(self.functions + 2, round(1.15 * self.functions))
        m = None if self.points is None else ceil(self.points * n / self.functions)
        return self._fitted(n, m)

    def more_points(self) -> "BasisSpec":
        """The same with 15 % more points, or primitive functions if these have the quadrature."""
        if self.points is None:
            return replace(self, primitives=_grown(self.primitives))
        return self._fitted(self.functions, max(self.points + 2, _grown(self.points)))

    def widened(self, low: bool, high: bool) -> "BasisSpec":
        """The same with each permitted end moved out by 5 % of the range.

        The density of the primitive functions is kept.

        A positive lower end (of a length) stays positive, an angle stops at linearity, and the
        range of a periodic coordinate is kept.
        """
        if self.basis == "fourier":
            return self
        margin = 0.05 * (self.high - self.low)
        least, roof = NATURAL_ENDS.get(self.basis, (-inf, inf))
        floor = self.low / 2 if self.low > 0 else least
        low_end = max(self.low - margin, floor) if low else self.low
        high_end = min(self.high + margin, roof) if high else self.high
        grown = (high_end - low_end) / (self.high - self.low)
        return replace(
            self, low=low_end, high=high_end, primitives=ceil(self.primitives * grown - 1e-9)
        )

    def fewer_points(self) -> "BasisSpec":
        """The same with 13 % fewer quadrature points, but no fewer than functions."""
        if self.points is None:
            return self
        return replace(self, points=max(self.functions, min(self.points - 1, _shrunk(self.points))))

    def narrowed(self) -> "BasisSpec":
        """The same with each end moved in by 5 % of the range.

        The range of a periodic coordinate and natural ends, such as linearity, are kept.
        """
        if self.basis == "fourier":
            return self
        margin = 0.05 * (self.high - self.low)
        least, roof = NATURAL_ENDS.get(self.basis, (-inf, inf))
        low = self.low if self.low < least + 1e-9 else self.low + margin
        high = self.high if self.high > roof - 1e-9 else self.high - margin
        return replace(self, low=low, high=high)

    def _fitted(self, functions: int, points: int | None) -> "BasisSpec":
        """The same with other sizes, and as many primitives as these need."""
        primitives = max(self.primitives, functions, points or 0)
        if self.basis == "fourier":
            # Sine and cosine of every wave, or reflections would be lost.
            primitives += 1 - primitives % 2
        return replace(self, functions=functions, points=points, primitives=primitives)


def _shrunk(size: int) -> int:
    return round(size / 1.15)


def _grown(size: int) -> int:
    grown = ceil(1.15 * size)
    return grown + (grown - size) % 2  # of either parity as many as before
