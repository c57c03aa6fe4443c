"""J = 0 states with the whole symmetry of a molecule whose coordinates show a part of it."""

from dataclasses import replace

import torch
from torch import Tensor

from pes.rovibration.coupling import Coupling, integrals
from pes.rovibration.group import MolecularGroup, Multiplets
from pes.rovibration.multiplets import aligned, geometry_functions, state_images, symmetric_coupling
from pes.rovibration.reference import masses_of
from pes.rovibration.state_choice import only
from pes.vibration.levels.result import Levels

__all__ = ["beside", "multiplets_of", "with_multiplets"]


def multiplets_of(whole: Levels, group: MolecularGroup, count: int) -> Multiplets | None:
    """Sets of states under a group; None if the levels asked for do not form whole sets."""
    positions = whole.system.positions
    assert positions is not None
    functions = integrals([whole], lambda q: geometry_functions(positions(q).detach()).detach())
    of = state_images(functions, group, len(masses_of(whole.system)))
    return of if len(of.sets) >= count else None


def with_multiplets(whole: Levels, basis: Coupling, of: Multiplets) -> tuple[Coupling, Levels]:
    """Coupling with the whole symmetry, and the states that it is of."""
    whole = only(whole, torch.arange(len(of.sets)))
    basis, mixed = symmetric_coupling(basis.first(len(of.sets)), of)
    pairs = whole.eigenpairs
    pairs = replace(pairs, energies=basis.energies, coefficients=mixed.T @ pairs.coefficients)
    return basis, replace(whole, eigenpairs=pairs)


def beside(less: Levels, whole: Levels, kept: Tensor, basis: Coupling) -> Levels:
    """States of fewer functions, mixed so as to be nearest to those of all."""
    assert basis.multiplets is not None
    count = basis.multiplets.most(len(less.energies))
    pairs, of = less.eigenpairs.first(count), basis.multiplets.first(count)
    mixed = aligned(pairs.coefficients, whole.eigenpairs.coefficients[:count, kept], of)
    pairs = replace(
        pairs, energies=mixed.square() @ pairs.energies, coefficients=mixed @ pairs.coefficients
    )
    return replace(less, eigenpairs=pairs)
