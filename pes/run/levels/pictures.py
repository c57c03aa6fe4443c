"""Pictures of levels; loaded when one is drawn, for Matplotlib takes half a second."""

from pathlib import Path

from pes import plots
from pes.setup.density_maps import Maps
from pes.setup.level_result import LevelsResult
from pes.setup.line_list import LineList
from pes.vibration.analysis.intensities import Sticks

__all__ = ["draw_pictures"]


def draw_pictures(
    folder: Path,
    result: LevelsResult,
    title: str,
    maps: Maps | None,
    spectrum: Sticks | None,
    transitions: LineList | None,
) -> None:
    """Draw levels.png and what else was asked for: density maps, the spectrum, the lines."""
    kinds = result.task.internal.kinds
    levels = result.levels.cpu()
    names = [result.quanta.text(n) for n in range(len(levels.energies))]
    plots.level_diagram(folder / "levels.png", levels, title, kinds=kinds, labels=names)
    if maps is not None:
        for n in (n for n in maps.levels if n < len(levels.energies)):
            path = folder / f"density_{n}.png"
            plots.density_map(path, levels, n, maps.pairs, kinds, sampled=maps.sampled)
    if spectrum is not None:
        plots.sticks(folder / "spectrum.png", spectrum)
    if transitions is not None:
        s = transitions.spectrum
        path = folder / "lines.png"
        plots.lines(path, s.wavenumbers, s.intensities, transitions.temperature)
