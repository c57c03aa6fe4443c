"""Picture of numerical derivatives: their errors against the step."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from pes.plots.figure import COLOURS, picture, tidy

__all__ = ["difference_errors"]


def difference_errors(
    path: str | Path,
    steps: Sequence[float],
    errors: Mapping[str, Sequence[float]],
    best: float,
    size: float,
    *,
    title: str,
) -> None:
    """V-shaped curves of rounding, on the left, and truncation, on the right.

    Args:
        path: path of the PNG file.
        steps: bohr.
        errors: kind of difference → root-mean-square errors, hartree/bohr.
        best: step of the smallest error, marked.
        size: root mean square of the gradient, a line above which nothing is right.
        title: title of the picture.
    """
    with picture(path, 6.4, 4.4) as figure:
        axes = figure.subplots()
        for (name, values), colour in zip(errors.items(), COLOURS, strict=False):
            error = np.asarray(values, dtype=float)
            shown = np.where(error > 0, error, np.nan)
            axes.loglog(steps, shown, "o-", ms=4, lw=1.2, color=colour, label=f"{name} differences")
        axes.axvline(
            best, ymax=0.85, color="0.5", ls="--", lw=0.8, label=f"best step {best:.2g} bohr"
        )
        axes.axhline(size, color="0.5", ls=":", lw=0.8, label="root mean square of the gradient")
        axes.text(0.03, 0.03, "rounding", transform=axes.transAxes, color="0.3")
        axes.text(0.97, 0.03, "truncation", transform=axes.transAxes, color="0.3", ha="right")
        axes.legend(frameon=False, loc="upper center", ncols=2, fontsize="small")
        low, high = axes.get_ylim()
        axes.set_ylim(low, high * 30)
        axes.set_title(title, fontsize="medium", parse_math=False)
        tidy(axes, "step (bohr)", "error of the gradient (hartree/bohr)")
