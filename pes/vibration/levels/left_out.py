"""Products of functions that a calculation leaves out, and what they would do to its levels."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from pes.vibration.eigensolvers.eigenpairs import Eigenpairs
from pes.vibration.eigensolvers.warm_start import renumbered
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.levels.left_over import share_left

__all__ = [
    "LEAST",
    "expected_changes",
    "expected_lowering",
    "left_after_step",
    "still_to_come",
    "with_second_step",
]

Product = Callable[[Hamiltonian, Tensor], Tensor]

LEAST = 0.2
"""Least part of the last change that is taken for the error that is left."""

MOST = 3.0
"""Most of a change that is taken for what follows, where changes fall by a quarter or less."""

HIGHER = 1.1
"""Changes to all orders, at most, in those to second order; 0.98 to 1.08 where both are known."""

NEAR = 3
"""Number of levels on either side that count as neighbours."""

NEIGHBOURS = 0.5
"""Part of the changes of its neighbours still to come that each estimate holds at least. Terms of a
level of H2CO cancelled by chance: 0.0004 cm⁻¹ for 0.0044 to come, next to a level with 0.0135."""


def expected_changes(
    h: Hamiltonian,
    larger: Sequence[Hamiltonian],
    pairs: Eigenpairs,
    *,
    product: Product = Hamiltonian.apply,
) -> Tensor:
    """Changes of levels by products that larger calculations keep, to second order, (L, S).

    The first change is of the energy of the ground state, the others are of energies above it.
    See `expected_lowering` for the arguments.
    """
    changes = -expected_lowering(h, larger, pairs, pairs.energies[0], product=product)
    changes[:, 1:] -= changes[:, :1].clone()
    return changes


def expected_lowering(
    h: Hamiltonian,
    larger: Sequence[Hamiltonian],
    pairs: Eigenpairs,
    ground: Tensor,
    *,
    product: Product = Hamiltonian.apply,
) -> Tensor:
    """Lowering of energies by the products that larger calculations keep, to second order, (L, S).

        E_n − E_n' = Σ_i c_i² / (d_i + √(d_i² + c_i²)),  c_i = ⟨i|H|n⟩,  d_i = |E_i − E_n|/2

    Sums run over the products i of a larger calculation that are not in this one, and E_i − E_n is
    the difference of excitations, that of i without coupling; each term is the shift that two
    levels have alone, and c_i²/(E_i − E_n) where they lie far apart. Products with quanta of stiff
    modes arrive late and many at once, which changes so far do not tell.

    Args:
        h: Hamiltonian of the levels.
        larger: calculations with more products of the same functions on the same points; the last
            one keeps all those of the others.
        pairs: the levels, in hartree.
        ground: energy of the ground state, which may be of another momentum, hartree.
        product: H times vectors.
    """
    last = larger[-1]
    vectors = renumbered(pairs.coefficients, h.basis, last.basis)
    energies, new = last.zero_order_energies, ~_among(h, last)
    at = new.to(vectors.device)
    coupling = product(last, vectors)[:, at]
    excited = (energies[at] - energies.min()) - (pairs.energies - ground)[:, None]
    half = excited.abs() / 2
    lowered = coupling.square() / (half + (half.square() + coupling.square()).sqrt())
    among = [_among(one, last)[new].to(lowered) for one in larger]
    return torch.stack([lowered @ kept for kept in among]).cpu()


def _among(h: Hamiltonian, larger: Hamiltonian) -> Tensor:
    """Mask (N,) of the products of a larger calculation that a smaller one has too."""
    ones = torch.ones(1, h.size, dtype=torch.float64)
    return renumbered(ones, h.basis, larger.basis)[0] > 0


def with_second_step(near: Tensor, moved: Tensor) -> Tensor:
    """Changes by the next step and by the next two, where only the first is known, (2, S).

    The second falls from the first as that one from the last.

    Args:
        near: change of each level by the next step, (S,).
        moved: its last change, (S,), zero or more; infinite for a level not there before.

    Example:
        >>> with_second_step(torch.tensor([-0.1, -1.0]), torch.tensor([1.0, 10.0]))
        tensor([[-0.1000, -1.0000],
                [-0.1300, -1.3000]])
    """
    return torch.stack((near, near * (1 + share_left(near.abs(), moved, LEAST, most=MOST))))


def still_to_come(expected: Tensor, surprise: Tensor) -> Tensor:
    """Largest change of each level that is still to come, (S,).

    The expected change by two steps and as much again as the second of them adds, with what higher
    orders may add to them; and as much as the last step did more or less than was expected of it.
    Some cancel by chance: half of what is to come of a neighbour at least.

    Args:
        expected: change by the next step and by the next two, (2, S).
        surprise: what the last step did beside what was expected, (S,), zero or more.

    Example:
        >>> still_to_come(torch.tensor([[-1.0, 0.5], [-1.2, 0.5]]), torch.tensor([0.1, 0.0]))
        tensor([1.6400, 0.8200])
    """
    near, both = expected
    left = HIGHER * (both.abs() + (both - near).abs()) + surprise
    known = left.where(left.isfinite(), 0.0)
    nearby = torch.nn.functional.max_pool1d(known[None], 2 * NEAR + 1, stride=1, padding=NEAR)[0]
    return left.maximum(NEIGHBOURS * nearby)


def left_after_step(near: Tensor, moved: Tensor, foreseen: Tensor) -> Tensor:
    """Largest change of each level that is still to come after two calculations, (S,).

    Args:
        near: change by the next step, as expected, (S,).
        moved: size of the last change, (S,); infinite for a level not there before.
        foreseen: what was expected of that, (S,).

    Example:
        The second level fell by 2 less than was expected, which half counts for its neighbour; the
        last one is new:

        >>> infinite = torch.inf
        >>> near, foreseen = torch.tensor([-1.0, -1.0, -1.0]), torch.tensor([-9.0, -11.0, -9.0])
        >>> left_after_step(near, torch.tensor([9.0, 9.0, infinite]), foreseen)
        tensor([1.9167, 3.8333,    inf])
    """
    surprise = (moved - foreseen.abs()).abs().nan_to_num(torch.inf, posinf=torch.inf)
    return still_to_come(with_second_step(near, moved), surprise)
