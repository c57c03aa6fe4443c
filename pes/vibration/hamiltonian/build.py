"""The Hamiltonian of a system: functions contracted along cuts, V and G on the grid."""

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import torch
from torch import Tensor

from pes.vibration.basis.basis import Basis
from pes.vibration.basis.contraction import contract
from pes.vibration.basis.primitives import PRIMITIVES
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.basis.truncation import Truncation
from pes.vibration.eigensolvers.memory import check_grid
from pes.vibration.grid.product_basis import ProductBasis
from pes.vibration.hamiltonian.modals import contracted_groups, self_consistent
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.symmetry.action import shared_bases
from pes.vibration.symmetry.grid_symmetry import detached_kinetic, kinetic_on_grid
from pes.vibration.symmetry.operation import Operation
from pes.vibration.system.cuts import Cut
from pes.vibration.system.system import System, potential_in_chunks

__all__ = ["build_hamiltonian", "function_count"]


def build_hamiltonian(
    system: System,
    bases: Sequence[BasisSpec],
    reference: Tensor,
    *,
    ceiling: float,
    quanta: float | None = None,
    truncation: Truncation | None = None,
    operations: Sequence[Operation] = (),
    cuts: Sequence[Cut] | None = None,
) -> Hamiltonian:
    """The Hamiltonian of a system in bases contracted along cuts through a reference.

    Args:
        system: V and G.
        bases: basis of each coordinate.
        reference: point of the cuts, (Q,).
        ceiling: V above this is set to it, hartree.
        quanta: products of functions with more quanta in all are left out; short for
        truncation: limits on the products of functions.
        operations: symmetries of V and G that the functions are to have as well; they commute.
        cuts: what the functions of each coordinate are eigenfunctions of, in place of straight
            cuts through the reference.

    Raises:
        ValueError: if the grid does not fit into memory.
    """
    truncation = Truncation(quanta=quanta) if truncation is None else truncation
    check_grid([b.points or b.primitives for b in bases], device=system.device)
    basis = _products(system, bases, reference, ceiling, operations, cuts)
    points = basis.points
    potential = potential_in_chunks(system, points).clamp(max=ceiling)
    g_matrix, s = kinetic_on_grid(system, basis, points, operations)
    h = Hamiltonian(basis, potential, g_matrix, s, operations=tuple(operations))
    if truncation.self_consistent:
        basis = ProductBasis(self_consistent(h))
        h = replace(h, basis=basis)
    basis = replace(basis, groups=contracted_groups(h, truncation.groups))
    return replace(h, basis=replace(basis, kept=truncation.kept(basis.factors)))


def function_count(
    system: System,
    bases: Sequence[BasisSpec],
    reference: Tensor,
    *,
    ceiling: float,
    truncation: Truncation,
    cuts: Sequence[Cut] | None = None,
) -> int | None:
    """Number of functions of the Hamiltonian, from cuts alone; None where groups are contracted.

    Self-consistent functions have other energies: where these limit the products, the number is
    that of the functions of the cuts. The arguments are those of `build_hamiltonian`.
    """
    if truncation.groups:
        return None
    kept = truncation.kept(_products(system, bases, reference, ceiling, (), cuts).factors)
    return prod(b.functions for b in bases) if kept is None else len(kept)


def _products(
    system: System,
    bases: Sequence[BasisSpec],
    reference: Tensor,
    ceiling: float,
    operations: Sequence[Operation],
    cuts: Sequence[Cut] | None,
) -> ProductBasis:
    """All products of the functions of cuts."""
    if cuts is None:
        references = _images(reference.cpu(), bases, operations)
        contracted = _contracted_bases(system, bases, references, ceiling)
    else:
        height = ceiling - float(potential_in_chunks(system, reference.cpu()[None])[0])
        contracted = _bases_of_cuts(bases, cuts, operations, height)
    return ProductBasis(shared_bases(tuple(b.to(system.device) for b in contracted), operations))


def _images(
    reference: Tensor, bases: Sequence[BasisSpec], operations: Sequence[Operation]
) -> Tensor:
    """The reference and its images, (R, Q).

    Functions of mean cuts through them have the symmetry that the reference itself may lack.
    """
    ranges = [(b.low, b.high) for b in bases]
    images = [o.image(reference[None], ranges)[0] for o in operations]
    return torch.stack([reference, *images])


def _contracted_bases(
    system: System, bases: Sequence[BasisSpec], references: Tensor, ceiling: float
) -> tuple[Basis, ...]:
    off_linear = torch.stack([_off_linear(r, bases) for r in references])
    contracted_bases = []
    for k, spec in enumerate(bases):
        primitive = PRIMITIVES[spec.basis](spec.low, spec.high, spec.primitives)
        size, ends = len(primitive.points), (spec.low, spec.high)
        cut, aside = (r.repeat_interleave(size, 0) for r in (references, off_linear))
        cut[:, k] = aside[:, k] = primitive.points.repeat(len(references))
        values = potential_in_chunks(system, cut).clamp(max=ceiling).reshape(-1, size).mean(0)
        g = detached_kinetic(system, aside.to(system.device))[0][:, k, k].reshape(-1, size).mean(0)
        # Small matrices, and the same functions on every device.
        values, g = values.cpu(), g.cpu()
        basis = contract(primitive, values, g, spec.functions, points=spec.points, range=ends)
        contracted_bases.append(basis.to(system.device))
    return tuple(contracted_bases)


def _bases_of_cuts(
    specs: Sequence[BasisSpec],
    cuts: Sequence[Cut],
    operations: Sequence[Operation],
    height: float,
) -> tuple[Basis, ...]:
    """Functions of the mean of each cut and its images, V no higher than `height`."""
    bases = []
    for k, spec in enumerate(specs):
        primitive = PRIMITIVES[spec.basis](spec.low, spec.high, spec.primitives)
        q = primitive.points
        images = [(k, False), *((o.order[k], o.mirrored[k]) for o in operations)]
        values = [cuts[j].mean(spec.low + spec.high - q if m else q) for j, m in images]
        v, g = (torch.stack(each).mean(0) for each in zip(*values, strict=True))
        ends = (spec.low, spec.high)
        bases.append(
            contract(
                primitive, v.clamp(max=height), g, spec.functions, points=spec.points, range=ends
            )
        )
    return tuple(bases)


def _off_linear(reference: Tensor, bases: Sequence[BasisSpec]) -> Tensor:
    """A linear reference moved by 0.02 rad, where G is finite."""
    moved = reference.clone()
    for k, b in enumerate(bases):
        if b.basis == "legendre":
            moved[k] = moved[k].clamp(0.02, torch.pi - 0.02)
    return moved
