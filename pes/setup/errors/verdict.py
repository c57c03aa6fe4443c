"""Verdict on a calculation of levels: which may be used, and to how many cm⁻¹."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pes.units import CM1
from pes.vibration.levels.result import Levels
from pes.vibration.levels.sentences import about_levels
from pes.vibration.system.roughness import jumps

__all__ = ["ROUGH", "Roughness", "roughness", "verdict", "verdict_of_errors"]

SAMPLES = 200
"""Points at which differences are taken."""

ASIDE = 0.02
"""Bohr or radians that points keep from the ends of ranges: at linearity an angle has a corner."""

ROUGH = 0.003 * CM1
"""Hartree up to which differences may come from the fourth derivative."""

GHOST = 0.01
"""Probability in a hole above which a level is none of the molecule's."""


HOLE = (
    "lies in a hole of the surface and must not be used",
    "lie in a hole of the surface and must not be used",
)
UNKNOWN = ("has an unknown error", "have unknown errors")


@dataclass(frozen=True)
class Roughness:
    """Size of the jumps of a surface between neighbouring points of the levels.

    Attributes:
        size: root mean square of the jumps, hartree.
        largest: hartree.
        place: where, (Q,).
        effect: what jumps of that size, independent from point to point, do to each level, (S,).
    """

    size: float
    largest: float
    place: Tensor
    effect: Tensor


def roughness(levels: Levels) -> Roughness:
    """Noise and steps of a surface, from fourth differences at points that the levels visit.

    Where V is capped it may have cusps, as of coincident atoms, that no level feels.

    Args:
        levels: levels on the CPU.
    """
    most, squares = torch.zeros_like(levels.hamiltonian.potential), []
    for density in levels.each_density():
        most = most.maximum(density.abs())
        squares.append(density.square().sum())
    capped = levels.hamiltonian.potential >= levels.minimum_energy + levels.cap
    most[capped] = 0.0
    visited = most.argsort(descending=True)
    visited = visited[: max(1, min(len(visited) // 4, int((~capped).sum())))]
    spread = torch.linspace(0, len(visited) - 1, min(SAMPLES, len(visited))).round().long()
    low, high = torch.tensor([(b.low, b.high) for b in levels.bases], dtype=torch.float64).T
    q = levels.points[visited[spread]].clamp(low + ASIDE, high - ASIDE)
    sizes = jumps(levels.system.potential, q)
    size = float(sizes.square().mean().sqrt())
    worst = int(sizes.argmax())
    return Roughness(size, float(sizes[worst]), q[worst], size * torch.stack(squares).sqrt())


def verdict(levels: Levels, table: Sequence[Mapping[str, Any]] = ()) -> str:
    """One sentence: which levels may be used, and to how many cm⁻¹.

    Args:
        levels: levels on the CPU.
        table: rows of the levels; `fit` of a fitted surface is its error, cm⁻¹.
    """
    rough = roughness(levels)
    error = levels.convergence
    if rough.size > ROUGH:
        error = error.maximum(rough.effect)
    deep = max(ROUGH, 5 * rough.largest if rough.size > ROUGH else 0.0)
    hole = levels.hamiltonian.potential < levels.minimum_energy - deep
    ghosts = levels.probability(hole) > GHOST
    free = levels.energies > levels.dissociation
    apart = _apart((levels.dissociation - float(levels.energies[0])) / CM1)
    of_no_use = [HOLE if g else apart if f else None for g, f in zip(ghosts, free, strict=True)]
    said = f"on this surface {_classes(of_no_use, error)}"
    if any("fit" in row for row in table):
        wrong = error + CM1 * torch.tensor([row["fit"] for row in table], dtype=error.dtype)
        said += f"; with the errors of the fit added, {_classes(of_no_use, wrong)}"
    return said + (_jumps(rough, levels) if rough.size > ROUGH else "")


def _classes(of_no_use: Sequence[tuple[str, str] | None], errors: Tensor) -> str:
    """Each class of levels by its errors (S,) in hartree, or by why a level is of no use."""
    known = (errors / CM1).tolist()
    return _listed([use or _accuracy(e) for use, e in zip(of_no_use, known, strict=True)])


def verdict_of_errors(errors: Sequence[float]) -> str:
    """One sentence about levels of which nothing but the errors is known, cm⁻¹.

    Example:
        >>> verdict_of_errors([0.002, 0.002, 0.05])
        'levels 0 and 1 are good to 0.003 cm-1; level 2 is good to 0.1 cm-1'
    """
    return _listed([_accuracy(error) for error in errors])


def _listed(classes: Sequence[tuple[str, str]]) -> str:
    """Each class once with its levels, in the order in which its first level comes."""
    return "; ".join(
        about_levels([n for n, c in enumerate(classes) if c == use], *use)
        for use in dict.fromkeys(classes)
    )


def _apart(limit: float) -> tuple[str, str]:
    """Sentence about levels above the dissociation limit, cm⁻¹ above the ground state."""
    words = (
        f"above the dissociation limit at about {limit:.0f} cm-1 above the ground state: waves of "
        "free fragments between the ends of the ranges, not levels of the molecule"
    )
    return f"lies {words}", f"lie {words}"


def _jumps(rough: Roughness, levels: Levels) -> str:
    return (
        "; the surface is not smooth where the levels are: its values jump by "
        f"{rough.size / CM1:.2g} cm-1 (root mean square), by {rough.largest / CM1:.2g} at "
        f"{levels.system.places.text(rough.place)}, and no basis "
        "makes the levels better than that allows"
    )


def _accuracy(error: float) -> tuple[str, str]:
    """The limit that an error in cm⁻¹ lies below, said of one level and of several."""
    if not error < float("inf"):
        return UNKNOWN
    for limit in (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300):
        if error <= limit:
            return f"is good to {limit:g} cm-1", f"are good to {limit:g} cm-1"
    return UNKNOWN
