"""Lines of a spectrum as sticks, on a linear and on a logarithmic scale."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray
from torch import Tensor

from pes.plots.figure import COLOURS, lettered, picture, tidy
from pes.plots.spectrum import name_bands
from pes.vibration.analysis.intensities import Sticks

__all__ = ["absorption_lines", "sticks"]

BOTTOM = 1e-6
"""Intensity, in that of the strongest line, from which a line is drawn."""

COLUMNS = 3000
"""Columns of a picture, more than it has dots."""


def sticks(path: str | Path, sticks: Sticks) -> None:
    """Stick spectrum, above on a linear and below on a logarithmic scale.

    Args:
        path: path of the PNG file.
        sticks: all lines; those weaker than a millionth of the strongest are left out.

    Raises:
        ValueError: if no line has any intensity.
    """
    title = f"J = 0 transitions at {sticks.temperature:g} K"
    values = (sticks.wavenumbers.cpu().numpy(), sticks.intensities.cpu().numpy())
    _draw_sticks(path, *values, title, "intensity (km/mol)")


def absorption_lines(
    path: str | Path,
    wavenumbers: Tensor,
    intensities: Tensor,
    temperature: float,
    bands: Sequence[tuple[str, float]] = (),
) -> None:
    """Absorption lines, above on a linear and below on a logarithmic scale, their bands named.

    Args:
        path: path of the PNG file.
        wavenumbers: (L,) in cm⁻¹.
        intensities: (L,) in cm/molecule; those below a millionth of the strongest are left out.
        temperature: kelvin.
        bands: names and places (cm⁻¹), the strongest first.

    Raises:
        ValueError: if no line has any intensity.
    """
    title = f"absorption lines at {temperature:g} K"
    values = (wavenumbers.cpu().numpy(), intensities.cpu().numpy())
    _draw_sticks(path, *values, title, "intensity (cm/molecule)", bands)


def _draw_sticks(
    path: str | Path,
    wavenumbers: NDArray[np.float64],
    intensities: NDArray[np.float64],
    title: str,
    label: str,
    bands: Sequence[tuple[str, float]] | None = None,
) -> None:
    """Both panels; without bands the strongest lines are named."""
    strongest = intensities.max(initial=0.0)
    if not strongest > 0:
        raise ValueError("no line of this spectrum has any intensity; is the dipole zero?")
    seen = intensities > BOTTOM * strongest
    x, y = _strongest_of_each_column(wavenumbers[seen], intensities[seen])
    with picture(path, 8.0, 5.6) as figure:
        linear, logarithmic = figure.subplots(2, 1, sharex=True)
        figure.suptitle(title, parse_math=False)
        for axes, base in ((linear, 0.0), (logarithmic, BOTTOM * strongest)):
            axes.vlines(x, base, y, color=COLOURS[0], lw=1.2 if len(x) < 300 else 0.4)
            tidy(axes, "", label)
        lettered((linear, logarithmic))
        logarithmic.set_yscale("log")
        logarithmic.set_ylim(BOTTOM * strongest, 3 * strongest)
        linear.set_ylim(0, 1.15 * strongest)
        linear.set_xlim(0, 1.05 * x.max())
        logarithmic.set_xlabel("wavenumber (cm⁻¹)")
        if bands is None:
            _name_strongest(linear, x, y)
            return
        logarithmic.set_ylim(BOTTOM * strongest, (30 if bands else 3) * strongest)
        width = linear.get_xlim()[1]
        name_bands(logarithmic, [(name, nu, nu / width) for name, nu in bands], strongest)


def _strongest_of_each_column(
    x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The strongest line of each column: others hide behind it, and take minutes to draw."""
    column = (x / x.max() * COLUMNS).astype(int)
    order = np.lexsort((-y, column))
    first = order[np.unique(column[order], return_index=True)[1]]
    return x[first], y[first]


def _name_strongest(axes: Axes, x: NDArray[np.float64], y: NDArray[np.float64]) -> None:
    """Wavenumbers at the strongest lines, beside the tip where a taller line is near."""
    room, flat = 0.06 * x.max(), 0.08 * y.max()
    named: list[int] = []
    for line in np.argsort(-y)[:20]:
        if y[line] < 0.01 * y.max() or len(named) == 8:
            break
        apart = x - x[line]
        right = bool(((y > y[line]) & (apart > 0) & (apart < room)).any())
        left = bool(((y > y[line]) & (apart < 0) & (apart > -room)).any())
        crowded = any(abs(apart[n]) < 2 * room and abs(y[n] - y[line]) < flat for n in named)
        if (left and right) or crowded:
            continue
        named.append(int(line))
        axes.annotate(
            f"{x[line]:.0f}", (x[line], y[line]), (-2 * right + 2 * left, 2),
            textcoords="offset points", va="bottom", fontsize="small",
            ha="right" if right else "left" if left else "center",
        )  # fmt: skip
