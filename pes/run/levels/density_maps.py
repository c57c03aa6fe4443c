"""Pictures and arrays of where the surface matters to chosen levels."""

from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import h5py
from torch import Tensor

from pes import plots
from pes.config import Vibration
from pes.potential import Surface
from pes.run.ranges import sampled
from pes.run.vibration import Problem
from pes.vibration.levels.result import Levels

__all__ = ["Maps", "draw_maps", "maps", "write_maps"]


@dataclass(frozen=True)
class Maps:
    """What to draw.

    Attributes:
        levels: their numbers.
        pairs: numbers of coordinates.
        sampled: training points in these coordinates, if the surface knows them.
    """

    levels: tuple[int, ...]
    pairs: tuple[tuple[int, int], ...]
    sampled: Tensor | None


def maps(config: Vibration, task: Problem, surface: Surface) -> Maps | None:
    """The maps of a configuration.

    Raises:
        ValueError: for a coordinate or a level that there is not.
    """
    wanted, names = config.densities, task.internal.names
    if wanted is None:
        return None
    count = config.levels or (20 if config.energy is None else None)
    if count is not None and max(wanted.levels) >= count:
        raise ValueError(
            f"`densities.levels`: there is no level {max(wanted.levels)}, "
            f"they are numbered 0 to {count - 1}"
        )
    for pair in wanted.pairs or ():
        if len(set(pair) & set(names)) < 2:
            raise ValueError(
                f"`densities.pairs` must name two of {', '.join(names)}, got {', '.join(pair)}"
            )
    pairs = wanted.pairs or tuple(combinations(names, 2))
    numbers = tuple((names.index(a), names.index(b)) for a, b in pairs)
    points = None
    if surface.record is not None:
        points = sampled(surface.record, task.internal, task.molecule.masses)
    return Maps(wanted.levels, numbers, points)


def draw_maps(folder: Path, found: Levels, task: Problem, wanted: Maps) -> None:
    """density_<level>.png for each."""
    kinds = task.internal.kinds
    for n in wanted.levels:
        if n < len(found.energies):
            path = folder / f"density_{n}.png"
            plots.density_map(path, found, n, wanted.pairs, kinds, sampled=wanted.sampled)


def write_maps(file: h5py.File, found: Levels, task: Problem, wanted: Maps) -> None:
    """`densities/<level>/<a>_<b>`: probabilities at the pairs of `densities/points/<a>`."""
    names, bases = task.internal.names, found.hamiltonian.bases
    for k in sorted({k for pair in wanted.pairs for k in pair}):
        entry = file.create_dataset(f"densities/points/{names[k]}", data=bases[k].fine_points)
        entry.attrs["units"] = "bohr or radian"
    for n in wanted.levels:
        for j, k in wanted.pairs if n < len(found.energies) else ():
            entry = file.create_dataset(
                f"densities/{n}/{names[j]}_{names[k]}", data=found.pair_density(n, j, k)
            )
            entry.attrs["units"] = "probability at each pair of points"
