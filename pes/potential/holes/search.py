"""Search for holes of a surface and for regions where an ensemble disagrees."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial import KDTree
from torch import Tensor

from pes.chunks import in_chunks
from pes.potential.holes.box import DistanceBox, filling, mixtures
from pes.potential.holes.descent import descended
from pes.potential.neural import energies_and_forces
from pes.units import CM1

__all__ = ["Hole", "HoleSearch", "doubtful_regions", "holes", "numerical"]

Potential = Callable[[Tensor], Tensor]
Tick = Callable[[int], object]

CHUNK = 2048
STARTS = 256
"""Local minimisations at most."""
STEPS = 150
WALL = 100.0
"""Hartree/bohr²: the walls of the box."""
CEILING = 1e3
"""1/hartree: the wall at the top of the energy window."""
TOLERANCE = 1.0 * CM1
"""A surface this much lower than its minimum has a hole; two minimisations differ by less."""
APART = 0.3
"""Bohr, in some sorted distance: two holes nearer than this are one."""
DIFFERENCE = 1e-3


@dataclass(frozen=True, eq=False)
class Hole:
    """A place where a surface is wrong.

    Attributes:
        positions: (N, 3) in bohr.
        energy: energy of the surface there, in hartree above its minimum: negative in a hole.
        spread: spread of the members of an ensemble there, in hartree; None for other surfaces.
    """

    positions: Tensor
    energy: float
    spread: float | None = None


@dataclass(frozen=True, eq=False)
class HoleSearch:
    """Result of a search for holes.

    Attributes:
        minimum: minimum of the surface in hartree.
        well: geometry (N, 3) of the minimum in bohr.
        samples: geometries looked at, minimisations apart.
        share_below: share of them that lie below the minimum.
        holes: the deepest first, all distinct.
    """

    minimum: float
    well: Tensor
    samples: int
    share_below: float
    holes: tuple[Hole, ...]


def holes(
    potential: Potential,
    box: DistanceBox,
    positions: Tensor,
    samples: int,
    *,
    start: Tensor,
    gradient: Callable[[Tensor], tuple[Tensor, Tensor]] | None = None,
    seed: int = 0,
    tick: Tick = int,
) -> HoleSearch:
    """Points of the box where a surface is lower than its minimum.

    Half the samples fill the box evenly, half lie between and around the given points. Each
    sample that lies lower than all its neighbours, however high it is, starts a minimisation
    within the box: a hole too narrow to hold a second sample shows itself in this way.

    Args:
        potential: positions (B, N, 3) in bohr to energies (B,) in hartree, differentiable.
        box: where to look.
        positions: the points the surface was fitted to, (T, N, 3) in bohr.
        samples: number of geometries; more find narrower holes.
        start: geometry (N, 3) near the minimum.
        gradient: positions to energies and forces, where torch cannot differentiate.
        seed: seed of the samples.
        tick: called with the number of evaluations done.

    Raises:
        ValueError: if no sample lies in the box.
    """
    forces = gradient or (lambda x: energies_and_forces(potential, x))
    well = _minimised(forces, box, start[None], tick)
    minimum = float(_evaluated(potential, well, tick))
    x = candidates(box, positions, samples, seed=seed)
    energies = _evaluated(potential, x, tick)
    starts = x[_lower_than_neighbours(box, x, energies)]
    if not len(starts):
        return HoleSearch(minimum, well[0], len(x), 0.0, ())
    ends = _minimised(forces, box, starts, tick)
    depths = _evaluated(potential, ends, tick) - minimum
    # Not a number compares false: nothing can be said of the surface there.
    deep = (depths < -TOLERANCE).nonzero()[:, 0]
    order = deep[depths[deep].argsort()]
    return HoleSearch(
        minimum,
        well[0],
        len(x),
        float((energies < minimum - TOLERANCE).double().mean()),
        tuple(
            Hole(ends[row], float(depths[row]))
            for row in order[_distinct(box, ends[order])].tolist()
        ),
    )


def doubtful_regions(
    ensemble: Callable[[Tensor], Tensor],
    box: DistanceBox,
    positions: Tensor,
    samples: int,
    *,
    minimum: float,
    top: float,
    limit: float,
    seed: int = 0,
    tick: Tick = int,
) -> tuple[Hole, ...]:
    """Points of the box, up to an energy, where the members of an ensemble disagree most.

    Args:
        ensemble: positions (B, N, 3) in bohr to energies (M, B) of the members in hartree.
        box: where to look.
        positions: the points the surface was fitted to, (T, N, 3) in bohr.
        samples: number of geometries.
        minimum: minimum of the surface in hartree.
        top: highest energy of interest in hartree.
        limit: spread in hartree above which the members disagree.
        seed: seed of the samples.
        tick: called with the number of evaluations done.

    Returns:
        Local maxima of the spread above `limit`, the largest first.
    """

    def height(x: Tensor) -> Tensor:
        each = ensemble(x)
        return (each.mean(0) - top).clamp(min=0).square() * CEILING / 2 - each.std(0)

    def allowed(x: Tensor) -> Tensor:
        with torch.no_grad():
            return ensemble(x).mean(0) <= top

    x = candidates(box, positions, samples, seed=seed)
    x = x[in_chunks(allowed, x, CHUNK)]
    if not len(x):
        return ()
    starts = x[_lower_than_neighbours(box, x, _evaluated(height, x, tick))]
    if not len(starts):
        return ()
    ends = _minimised(lambda x: energies_and_forces(height, x), box, starts, tick, allowed)
    with torch.no_grad():
        each = ensemble(ends)
    spread = each.std(0)
    large = (spread > limit).nonzero()[:, 0]
    order = large[spread[large].argsort(descending=True)]
    return tuple(
        Hole(ends[row], float(each[:, row].mean()) - minimum, float(spread[row]))
        for row in order[_distinct(box, ends[order])].tolist()
    )


def candidates(box: DistanceBox, positions: Tensor, samples: int, *, seed: int = 0) -> Tensor:
    """Geometries (B, N, 3) of the box, half of them filling it, half near the given ones.

    Raises:
        ValueError: if no new geometry lies in the box.
    """
    half = (samples + 1) // 2
    x = torch.cat(
        (filling(box, half, seed=seed), mixtures(box, positions, samples - half, seed=seed))
    )
    if not len(x):
        raise ValueError(
            "no new geometry lies within the distances of the points: are they all the same?"
        )
    return x


def numerical(potential: Potential, x: Tensor) -> tuple[Tensor, Tensor]:
    """Energies and forces by central differences, for surfaces that torch cannot differentiate."""
    flat = x.flatten(1)
    steps = DIFFERENCE * torch.eye(flat.shape[1], dtype=x.dtype, device=x.device)
    ends = [(flat[:, None] + sign * steps).reshape(-1, *x.shape[1:]) for sign in (1, -1)]
    above, below = (potential(end).reshape(flat.shape) for end in ends)
    return potential(x), (below - above).reshape(x.shape) / (2 * DIFFERENCE)


def _evaluated(potential: Potential, x: Tensor, tick: Tick) -> Tensor:
    parts = []
    with torch.no_grad():
        for part in x.split(CHUNK):
            parts.append(potential(part))
            tick(len(part))
    return torch.cat(parts)


def _lower_than_neighbours(box: DistanceBox, x: Tensor, energies: Tensor) -> Tensor:
    """Rows lower than each of their 2P nearest others, the lowest `STARTS` of them."""
    points = (box.signature(x) / (box.high - box.low).clamp(min=1e-6)).cpu().numpy()
    number = min(2 * points.shape[1], len(points) - 1)
    _, near = KDTree(points).query(points, number + 1)
    heights = energies.nan_to_num(nan=np.inf).cpu().numpy()
    neighbours = heights[np.reshape(near, (len(points), -1))[:, 1:]]
    rows = np.flatnonzero(heights < neighbours.min(1, initial=np.inf))
    rows = rows[np.argsort(heights[rows], kind="stable")][:STARTS]
    return torch.from_numpy(rows).to(x.device)


def _minimised(
    forces: Callable[[Tensor], tuple[Tensor, Tensor]],
    box: DistanceBox,
    starts: Tensor,
    tick: Tick,
    allowed: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """The lowest geometries within the box that are reached from each of the starts."""
    shape = starts.shape[1:]

    def objective(flat: Tensor) -> tuple[Tensor, Tensor]:
        x = flat.reshape(-1, *shape)
        energies, force = forces(x)
        wall, push = energies_and_forces(lambda x: WALL / 2 * box.overshoot(x).square().sum(-1), x)
        return energies + wall, -(force + push).flatten(1)

    def inside(flat: Tensor) -> Tensor:
        x = flat.reshape(-1, *shape)
        return box.holds(x) if allowed is None else box.holds(x) & allowed(x)

    ends = descended(objective, inside, starts.flatten(1), steps=STEPS, tick=tick)
    return ends.reshape(-1, *shape)


def _distinct(box: DistanceBox, x: Tensor) -> list[int]:
    """Rows that are not copies of, or close to, an earlier row."""
    signatures, kept = box.signature(x), list[int]()
    for row in range(len(x)):
        if not kept or (signatures[kept] - signatures[row]).abs().amax(-1).min() > APART:
            kept.append(row)
    return kept
