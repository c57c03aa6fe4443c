"""Levels of a force field by modes, their estimated errors, and how they converged."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator
from numpy.typing import NDArray

from pes.plots.figure import COLOURS, lettered, picture, tidy

__all__ = ["force_field_diagram"]

WIDTH = 0.38
"""Half length of the line of a level, in distances of columns."""

SMALLEST = 1e-9
"""Distance in cm⁻¹ that is drawn where there is none, for a logarithmic axis."""

Round = tuple[int, NDArray[np.float64], NDArray[np.float64]]


def force_field_diagram(
    path: str | Path,
    title: str,
    heading: str,
    quanta: Sequence[str],
    rounds: Sequence[Round],
    accuracy: float,
) -> None:
    """Levels above the modes that are excited, estimated errors, and convergence.

    Args:
        path: path of the PNG file.
        title: title of the picture.
        heading: names of the modes, such as `v1 v2`.
        quanta: quanta of each level in this order, such as `0 2`.
        rounds: number of functions, levels above the ground state and their estimated errors (S,)
            in cm⁻¹, of each calculation; the last one is drawn in (a) and (b).
        accuracy: largest error that was asked for, cm⁻¹.
    """
    _, energies, errors = rounds[-1]
    modes = heading.split()
    with picture(path, max(10.5, 6.5 + 0.45 * len(modes)), 4.8) as figure:
        figure.suptitle(title, parse_math=False)
        first, second, third = figure.subplots(1, 3, width_ratios=(max(4, len(modes)), 4, 4))
        _by_modes(first, modes, quanta, energies)
        second.plot(energies, errors, "o", ms=3, color=COLOURS[0])
        _limit(second, accuracy)
        tidy(second, "energy above the ground state (cm⁻¹)", "estimated error (cm⁻¹)")
        _convergence(third, rounds)
        _limit(third, accuracy)
        lettered((first, second, third))


def _by_modes(
    axes: Axes, modes: Sequence[str], quanta: Sequence[str], energies: NDArray[np.float64]
) -> None:
    """Each level above the one mode that is excited in it, or in the column of combinations."""
    for text, energy in zip(quanta, energies, strict=True):
        excited = [k for k, cell in enumerate(text.split()) if cell.partition("^")[0] != "0"]
        if not excited:  # the ground state belongs to all columns
            axes.axhline(energy, color="0.75", lw=0.6, zorder=0)
            continue
        column = excited[0] if len(excited) == 1 else len(modes)
        colour = COLOURS[0] if len(excited) == 1 else "0.45"
        axes.plot([column - WIDTH, column + WIDTH], [energy, energy], color=colour, lw=1.0)
    axes.xaxis.set_major_locator(FixedLocator(range(len(modes) + 1)))
    axes.xaxis.set_major_formatter(FixedFormatter([*modes, "several"]))
    axes.set_xlim(-0.7, len(modes) + 0.7)
    axes.tick_params(axis="x", rotation=90 if len(modes) > 6 else 0)
    tidy(axes, "modes that are excited", "energy above the ground state (cm⁻¹)")


def _convergence(axes: Axes, rounds: Sequence[Round]) -> None:
    """Largest estimated error, and distance from the levels of the last calculation."""
    last = rounds[-1][1]
    sizes = [size for size, _, _ in rounds]
    estimates = [float(errors.max()) for _, _, errors in rounds]
    axes.plot(sizes, estimates, "o-", ms=4, color=COLOURS[0], label="largest estimated error")
    distances = [_distance(energies, last) for _, energies, _ in rounds[:-1]]
    axes.plot(
        sizes[:-1], distances, "s--", ms=4, color=COLOURS[1], label="largest change to the last",
    )  # fmt: skip
    axes.set_xscale("log")
    axes.legend(frameon=False, fontsize="small")
    tidy(axes, "functions", "cm⁻¹")


def _distance(energies: NDArray[np.float64], last: NDArray[np.float64]) -> float:
    """Largest difference of levels in ascending order."""
    count = min(len(energies), len(last))
    return max(float(abs(energies[:count] - last[:count]).max()), SMALLEST)


def _limit(axes: Axes, accuracy: float) -> None:
    """The error that was asked for, in a logarithmic panel."""
    axes.set_yscale("log")
    axes.axhline(accuracy, color="0.6", lw=0.8, ls=":", zorder=0)
