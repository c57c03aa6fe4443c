"""Bond-vector coordinates: normal modes whose bends turn bonds without stretching them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Any

import torch
from torch import Tensor

from pes.coordinates.bond_tree import Tree, fragments
from pes.coordinates.internal import Fold, Internal
from pes.coordinates.line import Line
from pes.coordinates.rectilinear_modes import NormalModes
from pes.geometry import nearest_rotation

__all__ = ["BondVectors", "bond_vectors"]

ITERATIONS = 12
"""Newton steps to the orientation of a geometry; they converge quadratically."""

SHORT = 0.98
"""Share of the way to a folded geometry at which a range ends."""

FAR = 10.0
"""Farthest q that is looked at for the end of the domain."""

HALF_TURN = 4.0
"""|w| at which a bond has turned by 180°, 4 arctan 1."""


@dataclass(frozen=True, eq=False)
class BondVectors:
    """Dimensionless q of bonds b_j(q) along a tree of N − 1 bonds that joins all atoms.

    With e_j and r_j direction and length of a bond at the minimum and δ_jk = ∂b_j/∂q_k of the
    rectilinear normal modes,

        b_j = r_j exp(s_j) n_j,  s_j = Σ_k (e_j·δ_jk) q_k / r_j,
        n_j = 2 (h_j·e_j) h_j − e_j,  h_j = 2 k_j/k_j² − e_j,  k_j = e_j + w_j/4,
        w_j = Σ_k (δ_jk − e_j (e_j·δ_jk)) q_k / r_j

    Positions are sums of bonds. At the minimum q touches the normal modes: V = ½ Σ_k ω_k q_k² and
    G = diag(ω_k). Farther out a bend turns bonds without stretching them: n_j, h_j and k_j stand at
    θ, θ/2 and θ/4 from e_j, θ = 4 arctan(|w_j|/4), nearly |w_j|. A stretch goes farther outwards
    than inwards, as that of an anharmonic bond does, so that V and G stay nearly those of
    oscillators. A permutation of like atoms that maps the tree onto itself acts linearly on q: the
    symmetry of the molecule is kept. No angle is singular before the whole molecule is straight. A
    molecule that is so at its minimum has a `line`, 3N − 5 coordinates, and nothing is singular.

    The modes belong to the masses they were made with; other masses given later enter the kinetic
    energy and do not move x(q). Made by `bond_vectors`.

    Attributes:
        modes: normal modes of the minimum.
        tree: pairs of atoms that each bond joins.
    """

    modes: NormalModes
    tree: Tree

    bend_through_line = True

    @property
    def names(self) -> tuple[str, ...]:
        """`q1`, `q2`, … from the lowest frequency up."""
        return self.modes.names

    @property
    def kinds(self) -> tuple[str, ...]:
        """`normal`, dimensionless."""
        return self.modes.kinds

    @property
    def settings(self) -> dict[str, Any]:
        """Name of these coordinates in a configuration."""
        return {"kind": "bond_vectors", "bonds": [list(pair) for pair in self.tree]}

    @property
    def frequencies(self) -> Tensor:
        """Harmonic ω (Q,), ascending, hartree."""
        return self.modes.frequencies

    @property
    def line(self) -> Line | None:
        """Axes across a molecule that is linear at its minimum, and its bends; else None."""
        return self.modes.line

    @cached_property
    def _axes(self) -> Tensor:
        """Axes of the rotations that displacements may contain, (3, 3), of a line (2, 3)."""
        return torch.eye(3, dtype=torch.float64) if self.line is None else self.line.across

    @cached_property
    def _lengths(self) -> Tensor:
        """r_j (N−1,)."""
        return self._of_tree(self.modes.reference).norm(dim=-1)

    @cached_property
    def _directions(self) -> Tensor:
        """e_j (N−1, 3)."""
        return self._of_tree(self.modes.reference) / self._lengths[:, None]

    @cached_property
    def _changes(self) -> Tensor:
        """δ_jk (Q, N−1, 3)."""
        return self._of_tree(self.modes.displacements)

    @cached_property
    def _paths(self) -> Tensor:
        """Signs with which bonds lead from the first atom to each, (N, N−1)."""
        steps = torch.zeros(len(self.tree), len(self.tree) + 1, dtype=torch.float64)
        for j, (a, b) in enumerate(self.tree):
            steps[j, a], steps[j, b] = -1.0, 1.0
        paths = torch.zeros(len(self.tree) + 1, len(self.tree), dtype=torch.float64)
        paths[1:] = torch.linalg.inv(steps[:, 1:])
        return paths.round()

    def _of_tree(self, x: Tensor) -> Tensor:
        """Bonds (..., N−1, 3) of positions (..., N, 3)."""
        first, second = zip(*self.tree, strict=True)
        return x[..., list(second), :] - x[..., list(first), :]

    def _moved(self, q: Tensor) -> tuple[Tensor, Tensor]:
        """s_j (..., N−1, 1) and w_j (..., N−1, 3)."""
        changes = self._changes.to(q) / self._lengths.to(q)[:, None]
        moved, e = torch.einsum("...k,kji->...ji", q, changes), self._directions.to(q)
        along = _dot(moved, e)
        return along, moved - e * along

    def to_positions(self, q: Tensor, masses: Tensor | None = None) -> Tensor:
        """Positions (..., N, 3) in bohr of q (..., Q), the first atom at the origin."""
        e, r = self._directions.to(q), self._lengths.to(q)[:, None]
        along, across = self._moved(q)
        k = e + across / 4
        h = 2 * k / _dot(k, k) - e
        n = 2 * _dot(h, e) * h - e
        return self._paths.to(q) @ (r * along.exp() * n)

    def from_positions(self, positions: Tensor, masses: Tensor | None = None) -> Tensor:
        """q (..., Q) of positions (..., N, 3), turned to where no displacement is a rotation.

        The exact inverse as long as the molecule is not so far distorted that another
        orientation lies nearer. The last Newton step carries the derivatives.
        """
        with torch.no_grad():
            turn = self._nearest(positions)
            for _ in range(ITERATIONS):
                turn = turn @ self._correction(self._of_tree(positions) @ turn)
        bonds = self._of_tree(positions) @ turn
        return self._components(bonds @ self._correction(bonds))[..., : -len(self._axes)]

    def _nearest(self, positions: Tensor) -> Tensor:
        """Rotations (..., 3, 3) that fulfil the condition of Eckart."""
        weights = self.modes.masses[:, None]
        reference = self.modes.reference
        centred = reference - (weights * reference).sum(-2) / weights.sum()
        x = positions - (weights * positions).sum(-2, keepdim=True) / weights.sum()
        return nearest_rotation((weights * x).mT @ centred)

    @cached_property
    def _inverse(self) -> Tensor:
        """Displacements of the bonds (3N−3) to q and the rotations, (3N−3, 3N−3)."""
        axes = self._axes[:, None]
        bonds = self._of_tree(self.modes.reference)[None]
        turns = torch.linalg.cross(*torch.broadcast_tensors(axes, bonds))
        columns = torch.cat((self._changes, turns)).flatten(1).mT
        return torch.linalg.inv(columns)

    def _components(self, bonds: Tensor) -> Tensor:
        """q and the rotation left over (..., 3N−3) of bonds (..., N−1, 3)."""
        e, r = self._directions, self._lengths[:, None]
        length = bonds.norm(dim=-1, keepdim=True)
        k = _halfway(_halfway(bonds / length, e), e)
        moved = r * (e * (length / r).log() + 4 * (k / _dot(k, e) - e))
        return moved.flatten(-2) @ self._inverse.mT

    def _rates(self, bonds: Tensor) -> Tensor:
        """Derivative of the remaining rotation by the bonds (..., N−1, 3) turn, (..., A, A)."""
        e, r = self._directions, self._lengths[:, None]
        n = (bonds / bonds.norm(dim=-1, keepdim=True))[..., None, :, :]
        turn = torch.linalg.cross(*torch.broadcast_tensors(self._axes[:, None], n))
        for _ in range(2):
            # Of (n + e)/|n + e|.
            root = (2 + 2 * _dot(n, e)).sqrt()
            turn, n = turn / root - (n + e) * _dot(turn, e) / root**3, _halfway(n, e)
        along = _dot(n, e)
        moved = 4 * r * (turn / along - n * _dot(turn, e) / along**2)
        return (moved.flatten(-2) @ self._inverse.mT)[..., -len(self._axes) :].mT

    def _correction(self, bonds: Tensor) -> Tensor:
        """Rotation (..., 3, 3), from the right, that removes what is left to first order."""
        left = self._components(bonds)[..., -len(self._axes) :]
        w = -torch.linalg.solve(self._rates(bonds.detach()), left[..., None])[..., 0]
        x, y, z = (w @ self._axes).unbind(-1)
        zero = torch.zeros_like(x)
        rows = torch.stack((zero, z, -y, -z, zero, x, y, -x, zero), -1)
        return torch.matrix_exp(rows.unflatten(-1, (3, 3)))

    def described(self, means: Tensor) -> tuple[Internal, Tensor]:
        """These coordinates and their means (S, Q)."""
        return self, means

    def bounds(self) -> list[tuple[float, float]]:
        """Domain of each q alone: up to a folded geometry."""
        steps = torch.linspace(0, FAR, 401, dtype=torch.float64)
        return [(-self._reach(-steps, k), self._reach(steps, k)) for k in range(len(self.names))]

    def _reach(self, steps: Tensor, k: int) -> float:
        """Distance that q_k goes before the domain ends."""
        q = torch.zeros(len(steps), len(self.names), dtype=torch.float64)
        q[:, k] = steps
        beyond = torch.stack([fold.beyond for fold in self.folds(q)]).any(0).nonzero()
        return SHORT * float(steps[beyond[0]].abs()) if len(beyond) else inf

    def folds(self, q: Tensor) -> list[Fold]:
        """Bonds that turn by 180° or more; orientations past which all changes are rotations."""
        _, across = self._moved(q)
        turned = [
            Fold(f"the turn of the bond {a + 1}-{b + 1}", "angle", w >= HALF_TURN)
            for (a, b), w in zip(self.tree, across.norm(dim=-1).unbind(-1), strict=True)
        ]
        bonds = self._of_tree(self.to_positions(q))
        rotated = torch.linalg.det(self._rates(bonds)) <= 0
        return [*turned, Fold("the orientation of the molecule", "dihedral", rotated)]


def _dot(a: Tensor, b: Tensor) -> Tensor:
    """Scalar products of vectors (..., 3), (..., 1)."""
    return (a * b).sum(-1, keepdim=True)


def _halfway(n: Tensor, e: Tensor) -> Tensor:
    """Unit vectors in the middle of two."""
    return (n + e) / (n + e).norm(dim=-1, keepdim=True)


def bond_vectors(modes: NormalModes, tree: Sequence[tuple[int, int]]) -> BondVectors:
    """Bond-vector coordinates of a minimum.

    Args:
        modes: at the minimum of the surface.
        tree: pairs of atoms, numbered from 0; as bonds they join all atoms without a ring.

    Raises:
        ValueError: if the bonds are not such a tree.

    Example:
        The bend of water turns the bonds and leaves their lengths alone:

        >>> from pes.coordinates import Valence, hessian, normal_modes
        >>> x = Valence().to_positions(torch.tensor([1.8, 1.8, 1.8]).double())
        >>> def valence(x):
        ...     s = Valence().from_positions(x, torch.ones(3)) - 1.8
        ...     return 0.5 * s[:, :2].square().sum(-1) + 0.1 * s[:, 2] ** 2
        >>> masses = torch.tensor([29000.0, 1800.0, 1800.0]).double()
        >>> modes = normal_modes(x, hessian(valence, x), masses)
        >>> q = bond_vectors(modes, [(0, 1), (0, 2)])
        >>> bent = q.to_positions(torch.tensor([1.0, 0, 0]).double())
        >>> round(float((bent[1] - bent[0]).norm()), 2)
        1.8
    """
    atoms = len(modes.masses)
    pairs = tuple((int(a), int(b)) for a, b in tree)
    inside = all(0 <= a < atoms and 0 <= b < atoms and a != b for a, b in pairs)
    if not inside or len(pairs) != atoms - 1 or len(fragments(pairs, range(atoms))) > 1:
        raise ValueError(
            f"{atoms} atoms need {atoms - 1} bonds that connect all of them without a ring; got "
            f" {', '.join(f'{a}-{b}' for a, b in pairs)}"
        )
    return BondVectors(modes, pairs)
