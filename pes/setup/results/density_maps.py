"""Densities of chosen levels in pairs of coordinates."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import h5py
from torch import Tensor

from pes.setup.problem.problem import Problem
from pes.setup.problem.ranges import sampled
from pes.vibration.levels.result import Levels

__all__ = ["Maps", "density_maps", "write_maps"]


@dataclass(frozen=True)
class Maps:
    """Densities to draw and to store.

    Attributes:
        levels: their numbers.
        pairs: numbers of coordinates.
        sampled: training points in these coordinates, if the surface knows them.
    """

    levels: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...]
    sampled: Tensor | None


def density_maps(
    task: Problem,
    levels: Sequence[int] = (0,),
    pairs: Sequence[tuple[str, str]] | None = None,
    *,
    count: int | None = None,
) -> Maps:
    """The maps asked for.

    Args:
        task: task with coordinates and surface.
        levels: their numbers.
        pairs: names of coordinates; default all pairs.
        count: number of levels that will be computed, if known.

    Raises:
        ValueError: for a coordinate or a level that does not exist.
    """
    names = task.internal.names
    if count is not None and max(levels) >= count:
        raise ValueError(
            f"`densities.levels`: level {max(levels)} does not exist, "
            f"they are numbered 0 to {count - 1}"
        )
    for pair in pairs or ():
        if len(set(pair) & set(names)) < 2:
            raise ValueError(
                f"`densities.pairs` must name two of {', '.join(names)}, got {', '.join(pair)}"
            )
    chosen = pairs or tuple(combinations(names, 2))
    numbers = tuple((names.index(a), names.index(b)) for a, b in chosen)
    record = task.surface.record
    points = None if record is None else sampled(record, task.internal, task.molecule.masses)
    return Maps(tuple(levels), numbers, points)


def write_maps(file: h5py.File, levels: Levels, task: Problem, maps: Maps) -> None:
    """`densities/<level>/<a>_<b>`: probabilities at the pairs of `densities/points/<a>`."""
    names, bases = task.internal.names, levels.hamiltonian.basis.bases
    for k in sorted({k for pair in maps.pairs for k in pair}):
        entry = file.create_dataset(f"densities/points/{names[k]}", data=bases[k].fine_points)
        entry.attrs["units"] = "bohr or radian"
    for n in maps.levels:
        for j, k in maps.pairs if n < len(levels.energies) else ():
            entry = file.create_dataset(
                f"densities/{n}/{names[j]}_{names[k]}", data=levels.pair_density(n, j, k)
            )
            entry.attrs["units"] = "probability at each pair of points"
