"""Vibrational states of a linear molecule for each projection K of J on its axis.

Near a line the axis has hardly any moment of inertia: ½ G_zz K² becomes infinite, and functions of
the bend vanish there as sin^K θ. Each K has states of its own, eigenstates of

  H_K = H_vib + ½ G_zz K²,

with associated Legendre functions of the bend: K is the l of the bending vibrations. Rotation
couples the states of K with those of K ± 1 (Coriolis, G_xz) and K ± 2 (G_xx − G_yy), which is what
splits each l ≠ 0 into two levels.

References:
    J. Tennyson, B. T. Sutcliffe, J. Chem. Phys. 77, 4061 (1982), doi:10.1063/1.444316;
    Mol. Phys. 58, 1067 (1986), doi:10.1080/00268978600101801
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from pes.rovibration.fields import RotationalFields, rotational_fields
from pes.rovibration.reference import BodyReference
from pes.units import CM1
from pes.vibration.basis.associated import associated_legendre
from pes.vibration.basis.basis import Basis
from pes.vibration.basis.contraction import contract
from pes.vibration.eigensolvers.blockwise import lowest_blockwise
from pes.vibration.grid.product_basis import ProductBasis
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.levels.result import Levels
from pes.vibration.system.system import potential_in_chunks

__all__ = ["AxialStates", "axial_states", "parents_of"]

WARMTH = 1500 * CM1
"""k T of the mean over the stretches, along which the functions of the bend are contracted."""


@dataclass(frozen=True, eq=False)
class AxialStates:
    """States of each K, all on one grid.

    Attributes:
        levels: levels for K = 0, 1, …: the lowest states of H_K.
        fields: fields of rotation on the grid.
    """

    levels: tuple[Levels, ...]
    fields: RotationalFields


def axial_states(
    levels: Levels, count: int, highest: int, reference: BodyReference, frame: str = "eckart"
) -> AxialStates:
    """The lowest states for K = 0 … highest.

    Args:
        levels: J = 0 of a molecule of three atoms, in two lengths and an angle.
        count: number of states for each K.
        highest: largest K.
        reference: reference geometry, on the z axis if it is linear.
        frame: `eckart`, or `linear` for a reference that follows the bend.

    Raises:
        ValueError: for a basis that is not one of lengths and of Legendre functions of the angle.
    """
    bend = _bend(levels)
    spec, functions = levels.bases[bend], levels.hamiltonian.basis.bases
    nodes = spec.primitives + highest + 2
    primitives = [
        associated_legendre(spec.low, spec.high, spec.primitives, k, nodes)
        for k in range(highest + 1)
    ]
    axes = [b.points for b in functions]
    axes[bend] = primitives[0].points
    q = torch.stack([a.flatten() for a in torch.meshgrid(*axes, indexing="ij")], -1)
    fields = rotational_fields(levels.system, q, frame, reference)
    potential = potential_in_chunks(levels.system, q).clamp(max=levels.cap + levels.minimum_energy)
    g_matrix, volume = levels.system.kinetic(q)
    g_matrix, spin = g_matrix.detach(), fields.inner[:, 2, 2]
    s = -volume.detach() / 2
    s[:, bend] += 0.5 / torch.tan(q[:, bend])
    shape = [len(a) for a in axes]
    mean, slide, turn = _along(bend, shape, potential, g_matrix[:, bend, bend], spin)
    states = []
    for k, primitive in enumerate(primitives):
        bases = list(functions)
        bases[bend] = contract(
            primitive, mean + k**2 / 2 * turn, slide, spec.functions, range=(spec.low, spec.high)
        )
        h = Hamiltonian(
            _products(levels, bases), potential + k**2 / 2 * spin, g_matrix, s,
            operations=levels.hamiltonian.operations,
        )  # fmt: skip
        pairs = lowest_blockwise(h, min(count, h.size))
        states.append(replace(levels, hamiltonian=h, eigenpairs=pairs, estimated_changes=None))
    return AxialStates(tuple(states), fields)


def parents_of(states: Sequence[Levels]) -> Tensor:
    """J = 0 state that each state with K = 0, 1, … belongs to, by their overlaps, (n,).

    Functions of neighbouring K are the more alike: each K is compared with the one before.
    """
    parents = [torch.arange(len(states[0].energies))]
    for one, last in zip(states[1:], states[:-1], strict=True):
        psi, before = (x.hamiltonian.basis.on_grid(x.eigenpairs.coefficients) for x in (one, last))
        rows, columns = linear_sum_assignment(-(psi @ before.T).square().cpu().numpy())
        own = torch.full((len(psi),), len(states[0].energies))
        own[torch.from_numpy(rows)] = parents[-1][torch.from_numpy(columns)]
        parents.append(own)
    return torch.cat(parents)


def _bend(levels: Levels) -> int:
    """Number of the coordinate that is the angle."""
    found = [k for k, spec in enumerate(levels.bases) if spec.basis == "legendre"]
    product = levels.hamiltonian.basis.grid_shape is not None
    if len(levels.bases) != 3 or len(found) != 1 or not product:
        raise ValueError(
            "levels with J > 0 of a linear molecule need three atoms in two lengths and an angle "
            "with a Legendre basis; take valence, Radau or Jacobi coordinates"
        )
    return found[0]


def _products(levels: Levels, bases: list[Basis]) -> ProductBasis:
    basis = ProductBasis(tuple(bases))
    return replace(basis, kept=levels.truncation.kept(basis.factors))


def _along(
    bend: int, shape: list[int], potential: Tensor, *fields: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """−k T ln of the mean of e^{−V/kT} over the lengths, and means of two fields, (M,) each."""
    v = potential.reshape(shape).movedim(bend, 0).flatten(1)
    weights = torch.softmax(-v / WARMTH, 1)
    mean = -WARMTH * torch.logsumexp(-v / WARMTH, 1)
    one, other = ((weights * f.reshape(shape).movedim(bend, 0).flatten(1)).sum(1) for f in fields)
    return mean, one, other
