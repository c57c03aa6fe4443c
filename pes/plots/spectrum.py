"""Absorption with line profiles, in cm⁻¹ and in µm, its bands named."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from pes.plots.figure import COLOURS, lettered, picture, tidy

__all__ = ["absorption", "name_bands"]

BOTTOM = 1e-6
"""Part of the strongest absorption at which the logarithmic scale ends."""

APART = 0.045
"""Distance between the names of two bands, as a part of the width of the picture."""


def absorption(
    path: str | Path,
    grid: Tensor,
    cross_sections: Tensor,
    bands: Sequence[tuple[str, float]],
    title: str,
) -> None:
    """Cross-sections against wavenumber and, below, against wavelength.

    Args:
        path: path of the PNG file.
        grid: (G,) in cm⁻¹, ascending.
        cross_sections: (G,) in cm²/molecule.
        bands: names and places (cm⁻¹), the strongest first.
        title: title of the picture.

    Raises:
        ValueError: if nothing absorbs.
    """
    nu, sigma = grid.numpy(), cross_sections.numpy()
    strongest = sigma.max(initial=0.0)
    if not strongest > 0:
        raise ValueError("no line of this spectrum has any intensity; is the dipole zero?")
    seen = nu > 0
    nu, sigma = nu[seen], np.maximum(sigma[seen], BOTTOM * strongest / 10)
    with picture(path, 9.0, 7.2) as figure:
        above, below = figure.subplots(2, 1)
        figure.suptitle(title, parse_math=False)
        lettered((above, below))
        above.plot(nu, sigma, color=COLOURS[0], lw=0.5)
        above.set_xlim(0, nu.max())
        shortest = 1e4 / nu.max()
        longest = min(100.0, 1e4 / nu[sigma > 1e-3 * strongest].min())
        micrometres = 1e4 / nu
        shown = micrometres <= longest
        below.plot(micrometres[shown], sigma[shown], color=COLOURS[0], lw=0.5)
        below.set_xscale("log")
        below.set_xlim(shortest, longest)
        ticks = [t for t in (0.5, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100)
                 if shortest <= t <= longest]  # fmt: skip
        below.set_xticks(ticks, [f"{t:g}" for t in ticks])
        below.minorticks_off()
        for axes, label in ((above, "wavenumber (cm⁻¹)"), (below, "wavelength (µm)")):
            tidy(axes, label, "cross-section (cm²/molecule)")
            axes.set_yscale("log")
            axes.set_ylim(BOTTOM * strongest, 30 * strongest)
        name_bands(above, [(name, place, place / nu.max()) for name, place in bands], strongest)
        span = np.log(longest / shortest)
        name_bands(
            below,
            [
                (name, 1e4 / place, float(np.log(1e4 / place / shortest) / span))
                for name, place in bands if 1e4 / place <= longest
            ],
            strongest,
        )  # fmt: skip


def name_bands(axes: Axes, bands: Sequence[tuple[str, float, float]], strongest: float) -> None:
    """Names of bands above their lines; where two meet, that of the stronger one.

    Args:
        axes: panel with a logarithmic axis.
        bands: names, places and their parts of the width, the strongest first.
        strongest: highest value in the panel.
    """
    stronger: list[float] = []
    for name, place, part in bands:
        if 0 < part < 1 and all(abs(part - other) > APART for other in stronger):
            axes.annotate(
                name, (place, 2.2 * strongest), ha="center", va="bottom", fontsize=8,
                rotation=90 if len(name) > 4 else 0,
            )  # fmt: skip
        stronger.append(part)
