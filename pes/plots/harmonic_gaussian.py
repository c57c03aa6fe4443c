"""The one-dimensional model: an oscillator whose bottom is pushed up by a Gaussian."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from pes.plots.figure import COLOURS, colours, picture, tidy

__all__ = ["Well", "model_levels"]

ENERGY = "ħω"
LENGTH = "√(ħ/mω)"
SMALLEST = 1e-17


@dataclass(frozen=True)
class Well:
    """One well with its lowest levels; ħ = m = ω = 1.

    Attributes:
        kappa: κ.
        points: x, (N,).
        potential: V, (N,).
        levels: (S,).
        densities: |ψ|² per unit of length, (S, N).
    """

    kappa: float
    points: NDArray[np.float64]
    potential: NDArray[np.float64]
    levels: NDArray[np.float64]
    densities: NDArray[np.float64]


def model_levels(
    path: str | Path,
    wells: Sequence[Well],
    kappa: ArrayLike,
    energies: Mapping[str, ArrayLike],
    gaps: Mapping[str, ArrayLike],
    slopes: Mapping[str, Mapping[str, ArrayLike]],
) -> None:
    """Densities in a few wells, and how E₀, the gap and dE₀/dκ change with κ.

    Args:
        path: path of the PNG file.
        wells: wells for the upper row, at most four.
        kappa: values of κ, (K,), ascending.
        energies: E₀ (K,) by the name of the grid.
        gaps: E₁ − E₀ (K,) by the name of the grid.
        slopes: dE₀/dκ (K,) by the name of the grid and the way it was found; all ways are
            compared with the first.
    """
    k = np.asarray(kappa, dtype=float)
    with picture(path, 12.0, 7.0) as figure:
        parts: Any = figure.subfigures(2, 1, height_ratios=(1.15, 1.0))
        upper, lower = parts
        shown = list(wells)[:4]
        panels = upper.subplots(1, len(shown), sharex=True, sharey=True, squeeze=False)[0]
        tallest = max(well.densities.max() for well in shown)
        for axes, well in zip(panels, shown, strict=True):
            _well(axes, well, 0.9 / tallest)
        panels[0].set_ylabel(f"energy ({ENERGY})")
        first, second, third, fourth = lower.subplots(1, 4)
        _against(first, k, energies, f"E₀ ({ENERGY})")
        _against(second, k, gaps, f"E₁ − E₀ ({ENERGY})")
        ways = {grid: next(iter(found.values())) for grid, found in slopes.items()}
        _against(third, k, ways, "dE₀/dκ")
        first.legend(frameon=False)
        _differences(fourth, k, slopes)


def _well(axes: Axes, well: Well, scale: float) -> None:
    """V with the levels in it and |ψ|² times a scale on each."""
    top = well.levels[-1] + 1.0
    inside = np.flatnonzero(well.potential < top + 1.0)
    axes.plot(well.points, well.potential, color="0.2", lw=1.4)
    for level, density, colour in zip(
        well.levels, well.densities, colours(len(well.levels)), strict=True
    ):
        curve = level + scale * density
        axes.axhline(level, color="0.8", lw=0.6, zorder=0)
        seen = density > 1e-3 * density.max()
        axes.plot(well.points, curve, color=colour, lw=1.1)
        axes.fill_between(well.points, level, curve, where=seen, color=colour, alpha=0.25, lw=0)
    axes.set_title(f"κ = {well.kappa:g}", fontsize="medium")
    axes.set_xlim(*map(float, well.points[inside[[0, -1]]]))
    axes.set_ylim(0, top)
    tidy(axes, f"x ({LENGTH})", "")


def _against(
    axes: Axes, kappa: NDArray[np.float64], values: Mapping[str, ArrayLike], label: str
) -> None:
    """One quantity for every grid: the first as a line, the others as rings."""
    for n, (grid, each) in enumerate(values.items()):
        style: dict[str, Any] = {"ls": "", "marker": "o", "mfc": "none", "ms": 5}
        if n == 0:
            style = {"lw": 1.3}
        axes.plot(kappa, np.asarray(each), color=COLOURS[n], label=grid.replace("_", "-"), **style)
    tidy(axes, "κ (ħω)", label)


def _differences(
    axes: Axes, kappa: NDArray[np.float64], slopes: Mapping[str, Mapping[str, ArrayLike]]
) -> None:
    """Differences between the methods for the derivative; one colour for each grid."""
    for n, ways in enumerate(slopes.values()):
        first, *others = ways
        for other, marker in zip(others, "sx^v", strict=False):
            apart = np.abs(np.asarray(ways[other]) - np.asarray(ways[first]))
            axes.plot(
                kappa, np.maximum(apart, SMALLEST), marker, color=COLOURS[n], ms=4, mfc="none",
                label=other if n == 0 else None,
            )  # fmt: skip
        axes.set_ylabel(f"distance from {first}")
    axes.set_yscale("log")
    axes.set_ylim(0.1 * SMALLEST, 1e-4)
    tidy(axes, "κ (ħω)", axes.get_ylabel())
    axes.legend(frameon=False, title="0 is drawn at 10⁻¹⁷", loc="upper left")
