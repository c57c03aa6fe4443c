"""Changes of levels by walls in holes or by a continued surface, and sentences on them."""

from dataclasses import replace

import torch
from torch import Tensor

from pes.units import CM1
from pes.vibration.eigensolvers.eigenpairs import Eigenpairs
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.levels.result import Levels
from pes.vibration.levels.sentences import about_levels
from pes.vibration.system.minimum import OuterSurfaceError
from pes.vibration.system.system import System, potential_in_chunks

__all__ = [
    "check_passes",
    "continuation_warnings",
    "with_filling",
    "with_nearer_continuation",
    "with_wall",
]

FELT = 0.01
"""Probability in filled holes from which a level is not one of the molecule."""

BELOW = 0.9
"""Energy of the highest level, in that of the lowest pass into a hole, up to which it is solved."""

REMEDY = "add points there and fit again, or ask for fewer levels"


def with_wall(levels: Levels, depth: Tensor) -> tuple[Levels, list[str]]:
    """Levels whose estimates hold what the wall across a hole does to them; a sentence on it.

    Args:
        levels: computed with the ceiling of V in the hole.
        depth: depth of the hole at each point, (P,) in hartree.
    """
    if not depth.any():
        return levels, []
    felt = levels.cap * levels.probability(depth > 0)
    changes = levels.changes.clone()
    changes[2] += felt
    at = levels.system.places.text(levels.points[int(depth.argmax())])
    sentence = (
        f"hole in the surface: {int((depth > 0).sum())} of {len(depth)} grid points lie below its "
        f"minimum, the deepest by {float(depth.max()) / CM1:.0f} cm-1 at {at}; a wall is put "
        f"there, which moves levels by up to {float(felt.max()) / CM1:.2g} cm-1; fit points there"
    )
    return replace(levels, estimated_changes=changes), [sentence]


def with_filling(levels: Levels) -> Levels:
    """Levels whose estimates hold what walls in holes do to them, and a sentence on these.

    On a wall of height W a level E falls as exp(−κx), κ = √(2m(W − E)). Its probability there is
    P = ψ²/2κ by ψ at the edge, and it rises by up to ψ²κ/m = 4 (W − E) P if the wall does. Half of
    4 W P is added to a change that counts twice.

    Args:
        levels: levels of a system with filled holes.

    Raises:
        OuterSurfaceError: if a level is in a hole.
    """
    system, filling = levels.system, levels.system.filling
    assert filling is not None

    def height(q: Tensor) -> Tensor:
        return filling.raised(system.potential, q)

    inside = levels.probability_where(lambda q: height(q) > 0).cpu()
    reaching = (inside > FELT).nonzero().flatten().tolist()
    if reaching:
        end = about_levels(reaching, "reaches a hole", "reach a hole")
        raise OuterSurfaceError(f"{end} of the surface {_place(system)}: {REMEDY}")
    felt = 2 * levels.means_of(height).cpu()
    changes = levels.changes.clone()
    changes[2] += felt
    changes[2, 1:] += felt[0]
    sentence = (
        f"the fit has holes beyond its points, the first {_place(system)}: walls are "
        f"put there; up to {float(inside.max()):.2g} of the probability of a level lies in them, "
        f"and they move levels by up to {2 * float(felt.max()) / CM1:.2g} cm-1, which the "
        "estimates include; fit points there"
    )
    return replace(levels, estimated_changes=changes, warnings=(sentence, *levels.warnings))


def check_passes(system: System, top: float) -> None:
    """Refuse levels about as high as the lowest pass into a hole.

    Args:
        system: system with filled holes.
        top: energy of the highest level above the minimum, hartree.

    Raises:
        OuterSurfaceError: if they are too high.
    """
    assert system.filling is not None
    if top > BELOW * system.filling.lowest_pass:
        raise OuterSurfaceError(
            f"levels up to {top / CM1:.0f} cm-1 above the minimum of the surface reach a hole "
            f"{_place(system)}: {REMEDY}"
        )


def _place(system: System) -> str:
    """Words on the nearest hole."""
    filling = system.filling
    assert filling is not None
    height = f"{filling.lowest_pass / CM1:.0f} cm-1 above the minimum"
    return f"behind a pass {height} at {system.places.text(filling.place)}"


def with_nearer_continuation(system: System, h: Hamiltonian, pairs: Eigenpairs) -> Tensor:
    """Changes of levels, to first order, where V is continued from nearer the minimum, (S,).

    Args:
        system: system whose V is continued; where it is not the changes are zero.
        h: Hamiltonian of the levels.
        pairs: levels, in hartree.
    """
    if system.continuation is None:
        return torch.zeros(len(pairs.energies), dtype=torch.float64)
    nearer = system.continued(system.continuation.nearer())
    difference = potential_in_chunks(nearer, h.basis.points) - h.potential
    moved = (h.basis.on_grid(pairs.coefficients).square() * h.basis.signs) @ difference
    moved[1:] -= moved[:1].clone()
    return moved.abs().cpu()


def continuation_warnings(levels: Levels) -> list[str]:
    """Sentence on a surface that is continued beyond the points of its fit."""
    continuation = levels.system.continuation
    if continuation is None:
        return []
    beyond = continuation.beyond(levels.points)
    probability = float(levels.probability_where(continuation.beyond).max())
    moved = float(levels.changes[2].max())
    return [
        "the surface is not used where harmonic energies exceed "
        f"{continuation.energy / CM1:.0f} cm-1: V is extrapolated along rays from the minimum, "
        f"at {int(beyond.sum())} of {len(beyond)} grid points, which hold up to {probability:.2g} "
        "of the probability of a level; with V extrapolated from "
        f"{continuation.nearer().energy / CM1:.0f} cm-1 on, levels differ by up to "
        f"{moved / CM1:.2g} cm-1, which the estimates include twice; fit points there"
    ]
