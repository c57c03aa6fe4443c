"""Curvilinear normal coordinates: linear combinations of lengths and angles.

One of large amplitude, a torsion, may stay beside them as it is.
"""

from dataclasses import dataclass
from math import atan2, cos, inf, sin
from typing import Any

import torch
from torch import Tensor

from pes.coordinates.internal import Fold, Internal
from pes.coordinates.kinds import KINDS
from pes.coordinates.rectilinear_modes import NormalModes

__all__ = ["Curvilinear", "curvilinear", "curvilinear_beside"]

BESIDE = "beside_torsion"
"""Value of the key `coordinates.normal` for combinations beside a torsion."""

SINGULAR = 1e8
"""Condition of L from which coordinates depend on one another."""

DEGENERATE = 0.02
"""Relative difference of frequencies up to which modes are local, as anharmonicities of XH are."""

ROUNDING = 1e-6
"""Relative: changes of two coordinates that differ by less are equal."""

SHORT = 0.98
"""Share of the way to the end of the domain, where G may be singular."""


@dataclass(frozen=True, eq=False)
class Curvilinear:
    """Dimensionless q of s = s₀ + L q, with s internal coordinates such as lengths and angles.

    L solves Wilson's GF problem at the minimum, so that there

        V = ½ Σ_k ω_k q_k²,  G = diag(ω_k)

    as for rectilinear normal modes, which the curves q touch. But a bend turns bonds without
    stretching them: V and G stay nearly diagonal far from the minimum, and fewer products of
    functions are enough. Modes of unlike symmetry do not mix.

    The last coordinates may stay beside them as they are. L belongs to the masses it was made
    with. It is a constant: other masses given later enter the kinetic energy and, where s depends
    on masses, x(s). Made by `curvilinear` and `curvilinear_beside`.

    Attributes:
        inner: coordinates s.
        reference: s₀ at the minimum (Q,); 0 for those that stay as they are.
        combinations: L, ∂s/∂q (Q, Q).
        frequencies: harmonic ω of the combinations, ascending, hartree.
    """

    inner: Internal
    reference: Tensor
    combinations: Tensor
    frequencies: Tensor

    bend_through_line = False

    @property
    def names(self) -> tuple[str, ...]:
        """`q1`, `q2`, … from the lowest frequency up, then names of those that stay."""
        many = len(self.frequencies)
        return (*(f"q{k + 1}" for k in range(many)), *self.inner.names[many:])

    @property
    def kinds(self) -> tuple[str, ...]:
        """`normal`, dimensionless, then kinds of those that stay."""
        many = len(self.frequencies)
        return ("normal",) * many + self.inner.kinds[many:]

    @property
    def beside(self) -> bool:
        """Whether one coordinate, such as a dihedral, is left out of the combinations."""
        return len(self.frequencies) < len(self.reference)

    @property
    def settings(self) -> dict[str, Any]:
        """Keys of a configuration, where a torsion stays beside the modes."""
        if not self.beside:
            return {}
        return getattr(self.inner, "settings", {}) | {"normal": BESIDE}

    def forward(self, s: Tensor) -> Tensor:
        """q (..., Q) of s (..., Q)."""
        return (s - self.reference) @ torch.linalg.inv(self.combinations).mT

    def back(self, q: Tensor) -> Tensor:
        """s (..., Q) of q (..., Q)."""
        return self.reference.to(q) + q @ self.combinations.to(q).mT

    def to_positions(self, q: Tensor, masses: Tensor) -> Tensor:
        """Positions (..., N, 3) in bohr of q (..., Q)."""
        return self.inner.to_positions(self.back(q), masses)

    def from_positions(self, positions: Tensor, masses: Tensor) -> Tensor:
        """q (..., Q) of positions (..., N, 3)."""
        return self.forward(self.inner.from_positions(positions, masses))

    def domain(self) -> tuple[Tensor, Tensor]:
        """Lowest and highest s (Q,) before a geometry is met again: half a turn for dihedrals.

        Those that stay as they are have the ends of their kinds as coordinates of their own.
        """
        low, high = torch.full_like(self.reference, -inf), torch.full_like(self.reference, inf)
        for k, kind in enumerate(self.inner.kinds[: len(self.frequencies)]):
            low[k], high[k] = KINDS[kind].domain(float(self.reference[k]))
        return low, high

    def folded(self, q: Tensor) -> Tensor:
        """Mask (..., Q): internal coordinates s of q (..., Q) that lie outside their domain."""
        s = self.back(q)
        low, high = self.domain()
        return (s < low) | (s > high)

    def folds(self, q: Tensor) -> list[Fold]:
        """Lengths and angles s, and where q (..., Q) takes them beyond their domain."""
        pairs = zip(self.inner.names, self.inner.kinds, self.folded(q).unbind(-1), strict=True)
        return [Fold(name, kind, beyond) for name, kind, beyond in pairs]

    def described(self, means: Tensor) -> tuple[Internal, Tensor]:
        """Beside a torsion the lengths and angles that are combined, and their means (S, Q).

        Without them nothing tells cis from trans but the dihedral. They are linear in q: their
        means are those at the mean q.
        """
        return (self.inner, self.back(means)) if self.beside else (self, means)

    def bounds(self) -> list[tuple[float, float]]:
        """Range of each q, the others being 0, that stays inside the domain of all s."""
        low, high = (end - self.reference for end in self.domain())
        steps = self.combinations.mT
        ahead = torch.where(steps > 0, high / steps, low / steps)
        behind = torch.where(steps > 0, low / steps, high / steps)
        # A coordinate at rest limits nothing.
        still = steps.abs() < 1e-9 * steps.abs().amax(0)
        ahead, behind = ahead.masked_fill(still, inf), behind.masked_fill(still, -inf)
        short = (SHORT * end for end in (behind.amax(1), ahead.amin(1)))
        return list(zip(*(end.tolist() for end in short), strict=True))


def curvilinear(inner: Internal, modes: NormalModes) -> Curvilinear:
    """Combinations of internal coordinates that move the atoms as normal modes begin to.

    With ℓ_k = ∂x/∂q_k of the modes and Wilson's B = ∂s/∂x at the minimum, L = B ℓ. Since the
    Cartesian force constants there are BᵀFB, this is the L of the GF problem.

    Args:
        inner: coordinates s, as many as modes.
        modes: at the minimum of the surface.

    Raises:
        ValueError: if the coordinates do not span the modes, or are singular at the minimum.

    References:
        E. B. Wilson, J. C. Decius, P. C. Cross, Molecular Vibrations, McGraw-Hill (1955);
        I. M. Mills, in Molecular Spectroscopy: Modern Research, Academic Press (1972), p. 115

    Example:
        The modes of two unit masses on a spring of unit strength, ω = √2:

        >>> from pes.coordinates import ZMatrix, hessian, normal_modes
        >>> x = torch.tensor([[0.0, 0, 0], [1.0, 0, 0]], dtype=torch.float64)
        >>> spring = lambda x: ((x[:, 1] - x[:, 0]).norm(dim=-1) - 1) ** 2 / 2
        >>> modes = normal_modes(x, hessian(spring, x), torch.ones(2).double())
        >>> curvilinear(ZMatrix((("H",), ("H", 0))), modes).combinations.abs()
        tensor([[1.1892]], dtype=torch.float64)
    """
    if len(inner.names) != len(modes.frequencies):
        raise ValueError(
            f"{len(modes.frequencies)} normal modes need as many coordinates, got "
            f"{len(inner.names)} ({', '.join(inner.names)})"
        )
    rows = torch.autograd.functional.jacobian(
        lambda x: inner.from_positions(x, modes.masses), modes.reference
    )
    combinations = rows.flatten(1) @ modes.displacements.flatten(1).mT
    if not torch.isfinite(combinations).all() or torch.linalg.cond(combinations) > SINGULAR:
        raise ValueError(
            f"{', '.join(inner.names)} are singular at the minimum of the surface: they do not "
            "describe every small displacement; choose other coordinates"
        )
    reference = inner.from_positions(modes.reference, modes.masses)
    return Curvilinear(inner, reference, combinations, modes.frequencies)


def curvilinear_beside(
    inner: Internal, reference: Tensor, force_constants: Tensor, g_matrix: Tensor
) -> Curvilinear:
    """Combinations of all coordinates but the last, which stays as it is.

    With F and G of the others, means over the last one, L solves GF L = L ω² so that

        Lᵀ F L = L⁻¹ G L⁻ᵀ = diag(ω)

    Modes of all but one frequency, as both stretches of H2O2, are turned into one another until
    each is as local as it can be: V keeps such stretches apart, for its anharmonicity is larger
    than the difference of frequencies, and products of local functions are closer to levels.

    Args:
        inner: coordinates s.
        reference: s₀ (Q,).
        force_constants: F of all but the last, (Q − 1, Q − 1), positive definite.
        g_matrix: G of the same, (Q − 1, Q − 1).

    Raises:
        ValueError: if F is not positive definite.

    References:
        C. R. Jacob, M. Reiher, J. Chem. Phys. 130, 084106 (2009), doi:10.1063/1.3077690
    """
    squares, turns = torch.linalg.eigh(g_matrix)
    root = turns @ torch.diag(squares.sqrt()) @ turns.T
    squares, modes = torch.linalg.eigh(root @ force_constants @ root)
    if not bool((squares > 0).all()):
        raise ValueError(
            "the mean force constants of the coordinates beside the torsion are not positive"
        )
    modes, frequencies = _localised(modes, squares.sqrt())
    combinations = torch.eye(len(reference), dtype=reference.dtype)
    columns = root @ modes / frequencies.sqrt()
    # Positive where most happens, the first where two coordinates change as much.
    sizes = columns.abs()
    most = (sizes > (1 - ROUNDING) * sizes.amax(0)).to(sizes).argmax(0)
    combinations[:-1, :-1] = columns * columns.gather(0, most[None]).sign()
    start = reference.clone()
    start[-1] = 0.0
    return Curvilinear(inner, start, combinations, frequencies)


def _localised(modes: Tensor, frequencies: Tensor) -> tuple[Tensor, Tensor]:
    """Pairs of neighbouring modes (Q, Q) of nearly one frequency, made local, and frequencies.

    The sum of fourth powers of orthonormal columns becomes largest.
    """
    modes, frequencies = modes.clone(), frequencies.clone()
    for k in range(len(frequencies) - 1):
        low, high = frequencies[k : k + 2].tolist()
        if high - low > DEGENERATE * high:
            continue
        x, y = modes[:, k].clone(), modes[:, k + 1].clone()
        a = float(((x * y).square() - (x.square() - y.square()).square() / 4).sum())
        b = float((x * y * (x.square() - y.square())).sum())
        angle = atan2(b, -a) / 4
        c, s = cos(angle), sin(angle)
        modes[:, k], modes[:, k + 1] = c * x + s * y, c * y - s * x
        frequencies[k] = c**2 * low + s**2 * high
        frequencies[k + 1] = s**2 * low + c**2 * high
    return modes, frequencies
