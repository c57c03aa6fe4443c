"""Effect of the highest products of a calculation on its levels, from its vectors alone."""

import torch
from torch import Tensor

from pes.setup.automatic.solved_hamiltonian import SolvedHamiltonian

__all__ = ["inner_changes", "rough_changes"]

NONE = 1e-12
"""Least probability that a level leaves to inner products."""


def inner_changes(stage: SolvedHamiltonian, energy: float, count: int) -> Tensor:
    """Changes of levels where products are kept up to a lower energy, (S,).

        E_n′ − E_n ≲ ⟨Pn|H|Pn⟩/⟨Pn|Pn⟩ − E_n

    P keeps the products within; to second order of what is lost this is the energy of the smaller
    calculation, which need not be made. It takes one product of H with each vector. A level that
    the smaller one does not have changes by much. The first change is of the zero-point energy,
    the others are of energies above the ground state.

    Args:
        stage: a calculation with its levels.
        energy: energy of the smaller one above the lowest product, hartree.
        count: number of levels.
    """
    h, pairs = stage.hamiltonian, stage.pairs.first(count)
    inner = pairs.coefficients * (_heights(stage) <= energy)
    energies = (inner * h.apply(inner)).sum(1) / inner.square().sum(1).clamp(min=NONE)
    return _above_ground(energies - pairs.energies)


def rough_changes(stage: SolvedHamiltonian, energy: float, count: int) -> Tensor:
    """The same changes without couplings among the lost products, which costs nothing, (S,).

    Half to twice the changes of `inner_changes` on most surfaces, a third on some.
    """
    pairs, heights = stage.pairs.first(count), _heights(stage)
    excited = heights - (pairs.energies - pairs.energies[0])[:, None]
    weights, lost = pairs.coefficients.square(), heights > energy
    change = (weights * excited * lost).sum(1) / (weights * ~lost).sum(1).clamp(min=NONE)
    return _above_ground(change)


def _heights(stage: SolvedHamiltonian) -> Tensor:
    """Zero-order energies above the lowest, (N,)."""
    energies = stage.hamiltonian.zero_order_energies
    return energies - energies.min()


def _above_ground(changes: Tensor) -> Tensor:
    return torch.cat((changes[:1], changes[1:] - changes[:1])).abs().cpu()
