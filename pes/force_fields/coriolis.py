"""Vibrational angular momentum of a molecule whose moments of inertia are those of its minimum.

    H_C = Σ_α B_α (π_α² − ¼)
    π_α = Σ_{k<l} ζ^α_kl (√(ω_l/ω_k) q_k p_l − √(ω_k/ω_l) q_l p_k)

with the rotational constants B of the three principal axes: Watson's operator for J = 0 with the
inverse moments of inertia of the minimum.

References:
    J. K. G. Watson, Mol. Phys. 15, 479 (1968), doi:10.1080/00268976800101381
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import sqrt

from pes.force_fields.terms import Expansion, Term, ordered_product, summed

__all__ = ["AXES", "Coriolis"]

AXES = "xyz"
"""Names of the principal axes, in any order that ζ and B share."""


@dataclass(frozen=True)
class Coriolis:
    """Rotational constants and Coriolis constants at the minimum.

    Attributes:
        rotational: B of the three axes, hartree.
        zeta: ζ by the number of the axis and two modes k < l, numbered from 0.
    """

    rotational: tuple[float, float, float]
    zeta: Mapping[tuple[int, int, int], float]

    def square(self, axis: int, frequencies: Sequence[float]) -> Expansion:
        """π_α² − ¼ in ladder operators."""
        momentum = self._momentum(axis, frequencies)
        return summed((-0.25, ordered_product(momentum, momentum)), (-0.25, {(): 1.0}))

    def slope(self, axis: int, frequencies: Sequence[float], mode: int) -> Expansion:
        """Derivative of π_α² by the frequency of a mode."""
        momentum = self._momentum(axis, frequencies)
        change = self._momentum(axis, frequencies, by=mode)
        return summed(
            (-0.25, ordered_product(momentum, change)), (-0.25, ordered_product(change, momentum))
        )

    def _momentum(
        self, axis: int, frequencies: Sequence[float], by: int | None = None
    ) -> Expansion:
        """2i π_α, whose coefficients are real, or its derivative by a frequency."""
        result = defaultdict[Term, complex](complex)
        for (a, k, m), zeta in self.zeta.items():
            if a != axis:
                continue
            ratio = sqrt(frequencies[m] / frequencies[k])
            slope = {None: 1.0, m: 0.5 / frequencies[m], k: -0.5 / frequencies[k]}.get(by, 0.0)
            turned = -1.0 if by is not None else 1.0
            for first, second, c in ((k, m, ratio), (m, k, -turned / ratio)):
                for up, down in product((0, 1), repeat=2):
                    sign = -1.0 if down else 1.0
                    factors = ((first, up, 1 - up), (second, down, 1 - down))
                    result[tuple(sorted(factors))] += zeta * slope * c * sign
        return result
