"""Pictures of where the surface matters to chosen levels."""

from pathlib import Path

from pes import plots
from pes.setup.density_maps import Maps
from pes.setup.level_result import LevelsResult

__all__ = ["draw_maps"]


def draw_maps(folder: Path, result: LevelsResult, maps: Maps) -> None:
    """density_<level>.png for each level."""
    kinds, levels = result.task.internal.kinds, result.levels.cpu()
    for n in maps.levels:
        if n < len(levels.energies):
            path = folder / f"density_{n}.png"
            plots.density_map(path, levels, n, maps.pairs, kinds, sampled=maps.sampled)
