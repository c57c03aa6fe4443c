"""A force field: V as a polynomial in dimensionless normal coordinates."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import factorial, prod

import numpy as np
from torch import Tensor

from pes.force_fields.coriolis import Coriolis
from pes.units import ENERGY_UNITS

__all__ = ["ForceField"]

Modes = tuple[int, ...]


@dataclass(frozen=True, repr=False)
class ForceField:
    """H = ½ Σ_k ω_k (p_k² + q_k²) + Σ_t f_t Π_k q_k^{e_tk} / e_tk!, and perhaps Coriolis coupling.

    A constant f of the modes (i, j, k …) is the derivative ∂V/∂q_i∂q_j∂q_k … at the minimum.

    Attributes:
        frequencies: ω, (Q,) in hartree.
        constants: f in hartree by its modes, numbered from 0 in ascending order; the harmonic
            part is not among them.
        name: what it is called in tables.
        coriolis: rotational and Coriolis constants; without them H has no angular momentum.

    Example:
        >>> field = ForceField.of([1000, 2000], {(0, 0, 1): 50.0}, units="cm-1")
        >>> field
        ForceField(2 modes, 1 constants to degree 3)
    """

    frequencies: tuple[float, ...]
    constants: Mapping[Modes, float]
    name: str = "force field"
    coriolis: Coriolis | None = None

    @classmethod
    def of(
        cls,
        frequencies: Sequence[float],
        constants: Mapping[Modes, float],
        *,
        units: str,
        name: str = "force field",
    ) -> "ForceField":
        """A force field from numbers in a unit of energy.

        Args:
            frequencies: harmonic wavenumbers or energies ω, (Q,).
            constants: derivatives of V by their modes, numbered from 0.
            units: a key of `pes.units.ENERGY_UNITS`, such as cm-1.
            name: what it is called in tables.

        Raises:
            ValueError: for an unknown unit, a frequency that is not positive, a mode that does not
                exist, a constant given twice with two values, or one that is not finite.
        """
        if units not in ENERGY_UNITS:
            raise ValueError(f"`units` must be one of {', '.join(ENERGY_UNITS)}, got {units!r}")
        unit = ENERGY_UNITS[units]
        for k, omega in enumerate(frequencies):
            if not 0 < omega < float("inf"):
                raise ValueError(
                    f"the frequency of mode {k + 1} must be positive, got {omega:g} {units}: "
                    "normal coordinates belong to a minimum"
                )
        sorted_constants: dict[Modes, float] = {}
        for modes, value in constants.items():
            place = tuple(sorted(modes))
            if not place or not all(0 <= k < len(frequencies) for k in place):
                raise ValueError(f"constant {_named(modes)}: modes must be 1 to {len(frequencies)}")
            if not np.isfinite(value):
                raise ValueError(f"constant {_named(modes)} must be a finite number, got {value}")
            if sorted_constants.setdefault(place, value * unit) != value * unit:
                raise ValueError(
                    f"constant {_named(place)} is given twice, as {value:g} and as "
                    f"{sorted_constants[place] / unit:g} {units}"
                )
        return cls(tuple(w * unit for w in frequencies), sorted_constants, name)

    @property
    def degree(self) -> int:
        """Highest degree of the polynomial."""
        return max(2, *map(len, self.constants)) if self.constants else 2

    def potential(self, q: Tensor) -> Tensor:
        """V above the reference point, (B,) in hartree, at q (B, Q)."""
        value = (q.square() @ q.new_tensor(self.frequencies)) / 2
        for modes, f in self.constants.items():
            value = value + f / symmetry_factor(modes) * q[:, list(modes)].prod(1)
        return value

    def __repr__(self) -> str:
        return (
            f"ForceField({len(self.frequencies)} modes, {len(self.constants)} constants to degree "
            f"{self.degree})"
        )


def symmetry_factor(modes: Modes) -> int:
    """Π_k e_k!, the permutations of equal modes.

    Example:
        >>> symmetry_factor((0, 0, 0, 1))
        6
    """
    return prod(factorial(e) for e in Counter(modes).values())


def _named(modes: Modes) -> str:
    return " ".join(str(k + 1) for k in modes)


def along(field: ForceField, directions: np.ndarray) -> np.ndarray:
    """Coefficients c of V(t u) = Σ_d c_d t^d along directions u (B, Q), (B, degree + 1)."""
    coefficients = np.zeros((len(directions), field.degree + 1))
    coefficients[:, 2] = directions**2 @ np.array(field.frequencies) / 2
    for modes, f in field.constants.items():
        share = f / symmetry_factor(modes) * directions[:, list(modes)].prod(1)
        coefficients[:, len(modes)] += share
    return coefficients
