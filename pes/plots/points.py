"""Pictures of a set of points before any fit."""

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from pes.plots.figure import COLOURS, picture, tidy

__all__ = ["energy_histogram"]

BINS = 40


def energy_histogram(path: str | Path, heights_cm1: ArrayLike, name: str) -> None:
    """Histogram of the energies, and the number of points below each energy.

    Args:
        path: path of the PNG file.
        heights_cm1: energies (B,) above the lowest point.
        name: name of the set.

    Raises:
        ValueError: if there are no points.
    """
    heights = np.sort(np.asarray(heights_cm1, dtype=float))
    if not len(heights):
        raise ValueError("a histogram needs at least one point")
    with picture(path, 7.0, 4.2) as figure:
        axes = figure.subplots()
        axes.hist(heights, bins=BINS, color=COLOURS[0], alpha=0.7)
        axes.set_title(f"{name}, {len(heights)} points", fontsize="medium", parse_math=False)
        tidy(axes, "energy above the lowest point (cm⁻¹)", "points")
        share = axes.twinx()
        share.plot(heights, 100 * np.arange(1, len(heights) + 1) / len(heights), color=COLOURS[1])
        share.set_ylim(0, 102)
        share.set_ylabel("share of points below (%)", color=COLOURS[1])
        share.spines[["top"]].set_visible(False)
