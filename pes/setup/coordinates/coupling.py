"""Coordinates of three atoms in which the vibrations are least coupled.

Functions of a coordinate are those of its own potential; how many products of them the levels take
depends on what V and G couple. At a minimum, with the force constants F and the matrix G,

  c = √(Π_k F_kk G_kk / (det F det G)) ≥ 1

compares the product of the frequencies of single coordinates with that of the normal modes
(Hadamard's inequality); it is 1 where F and G are diagonal. Valence coordinates couple by the mass
of the middle atom, G_12 = cos α/m: c is 1.01 for water and 4 for Cl–H–F, whose levels did not
converge with 14,000 products.
"""

from collections.abc import Callable, Sequence
from math import inf, pi

import torch
from torch import Tensor

from pes.coordinates import Internal, Jacobi, Radau, Valence
from pes.units import ANGSTROM
from pes.vibration.system.region import energies_or_infinite
from pes.vibration.system.system import System, molecular

__all__ = ["least_coupled", "mode_coupling", "no_short_length"]

STRONG = 1.4
"""Coupling up to which valence coordinates are taken: they suit the shape of most surfaces."""

WEAKER = 0.7
"""Largest coupling of others, in that of the valence coordinates, for which they are taken."""

STEP = 0.03
"""Bohr or radians of the differences: noise of some cm⁻¹ decides nothing."""

STRAIGHT = 0.1
"""Radians from linearity at which the bend, which has no other to couple with, is left out."""

SHORT = 0.7 * ANGSTROM
"""Bohr: lengths shorter than this at the minimum may vanish within reach, where G is infinite: a
proton that jumps between O atoms 3 Å apart stands 0.6 Å from their middle."""


def least_coupled(
    potential: Callable[[Tensor], Tensor],
    masses: Tensor,
    minimum: Tensor,
    middle: int,
    others: Sequence[Tensor] = (),
) -> Internal:
    """Valence coordinates about the middle atom; others where these couple strongly.

    Args:
        potential: positions (B, 3, 3) to energies (B,).
        masses: (3,).
        minimum: positions (3, 3) in bohr.
        middle: number of the middle atom.
        others: positions of other minima, in which no length may be short either.
    """
    valence = Valence(middle, _others(middle))
    usual = _coupling_at(potential, masses, minimum, valence)
    if not STRONG < usual < inf:
        return valence
    atoms, places = (middle, *_others(middle)), (minimum, *others)
    every = [kind(atom, _others(atom)) for kind in (Radau, Jacobi) for atom in atoms]
    candidates = [one for one in every if all(no_short_length(one, x, masses) for x in places)]
    couplings = [_coupling_at(potential, masses, minimum, one) for one in candidates]
    least = min(couplings, default=inf)
    return candidates[couplings.index(least)] if least < WEAKER * usual else valence


def no_short_length(internal: Internal, x: Tensor, masses: Tensor) -> bool:
    """Whether no length at positions (3, 3) is so short that it may vanish within reach."""
    return float(internal.from_positions(x, masses)[:2].min()) >= SHORT


def _coupling_at(
    potential: Callable[[Tensor], Tensor], masses: Tensor, x: Tensor, internal: Internal
) -> float:
    """Coupling at positions."""
    q = internal.from_positions(x, masses)
    linear = not STRAIGHT < float(q[2]) < pi - STRAIGHT
    return mode_coupling(
        molecular(potential, internal.to_positions, masses), q, (0, 1, 2)[: 3 - linear]
    )


def mode_coupling(system: System, q: Tensor, among: Sequence[int]) -> float:
    """c of some coordinates at a point (Q,); infinite where F is not that of a minimum.

    Example:
        >>> import torch
        >>> from pes.vibration import model
        >>> v = lambda q: q.square().sum(1) / 2 + 0.6 * q[:, 0] * q[:, 1]
        >>> mixed = model(v, torch.eye(2, dtype=torch.float64))
        >>> round(mode_coupling(mixed, torch.zeros(2, dtype=torch.float64), (0, 1)), 4)
        1.25
    """
    unit = STEP * torch.eye(len(q), dtype=q.dtype)[list(among)]
    pairs = [(a, b) for a in unit for b in unit]
    shifts = [s for a, b in pairs for s in (a + b, a - b, b - a, -a - b)]
    v = energies_or_infinite(system, q + torch.stack(shifts))
    signs = v.new_tensor([1.0, -1.0, -1.0, 1.0])
    force = (v.reshape(-1, 4) @ signs / (4 * STEP**2)).reshape(len(unit), len(unit))
    place = q.clone()
    if len(unit) < len(q):
        place[2] = place[2].clamp(STRAIGHT, pi - STRAIGHT)
    with torch.no_grad():
        g = system.kinetic(place[None])[0][0][list(among)][:, list(among)]
    if not bool(force.isfinite().all()) or float(torch.linalg.eigvalsh(force)[0]) <= 0:
        return inf
    apart = (force.diagonal() * g.diagonal()).prod()
    return float((apart / (torch.linalg.det(force) * torch.linalg.det(g))).sqrt())


def _others(atom: int) -> tuple[int, int]:
    first, second = (i for i in range(3) if i != atom)
    return first, second
