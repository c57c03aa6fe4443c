"""Pictures of a fit: learning curve and residuals."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray

from pes.plots.figure import COLOURS, colours, lettered, linear_then_logarithmic, picture, tidy

__all__ = ["learning_curve", "residuals"]

BINS = 12


def learning_curve(
    path: str | Path, rows: Sequence[Mapping[str, Any]], *, members: int = 1
) -> None:
    """RMSE of training and validation points against the epoch, the best epoch marked.

    Members of an ensemble have their best epochs each: their mean has no mark.

    Args:
        path: path of the PNG file.
        rows: one for each epoch, with `epoch`, `train_rmse_cm1`, `validation_rmse_cm1` and,
            if there are forces, `train_force_rmse_cm1_angstrom`,
            `validation_force_rmse_cm1_angstrom`. If rows have `improved`, the best epoch is
            the last that did; otherwise the one of the lowest validation RMSE.
        members: number of networks that the rows are means of.

    Raises:
        ValueError: if there are no rows.
    """
    if not rows:
        raise ValueError("a learning curve needs at least one epoch")
    forces = rows[0].get("train_force_rmse_cm1_angstrom") not in (None, "")
    with picture(path, 6.4, 6.4 if forces else 4.2) as figure:
        panels = figure.subplots(2 if forces else 1, 1, sharex=True, squeeze=False)[:, 0]
        _curves(panels[0], rows, "rmse_cm1", members)
        tidy(panels[0], "", "energy RMSE (cm⁻¹)")
        if forces:
            _curves(panels[1], rows, "force_rmse_cm1_angstrom", members)
            tidy(panels[1], "", "force RMSE (cm⁻¹/Å)")
            lettered(panels)
        panels[-1].set_xlabel("epoch")


def _curves(axes: Axes, rows: Sequence[Mapping[str, Any]], measure: str, members: int) -> None:
    """Training and validation values of one measure, and a line at the best epoch."""
    epochs = np.array([float(row["epoch"]) for row in rows])
    best = _best(rows) if members == 1 else -1
    which = "best" if members == 1 else "last"
    marker = "o" if len(rows) < 3 else None
    for part, colour in zip(("train", "validation"), COLOURS, strict=False):
        values = np.array([float(row[f"{part}_{measure}"]) for row in rows])
        axes.plot(
            epochs, values, color=colour, marker=marker, lw=1.3,
            label=f"{part}, {values[best]:.3g} at the {which} epoch",
        )  # fmt: skip
        axes.plot(epochs[best], values[best], "o", color=colour, ms=5)
    if members == 1:
        name = f"best epoch {epochs[best]:.0f}"
        axes.axvline(epochs[best], color="0.5", lw=0.8, ls="--", zorder=0, label=name)
    axes.set_yscale("log")
    axes.grid(axis="y", which="both", color="0.92", lw=0.6)
    title = f"mean of {members} networks" if members > 1 else None
    axes.legend(frameon=False, title=title, alignment="left")


def _best(rows: Sequence[Mapping[str, Any]]) -> int:
    """Row of the best epoch."""
    improved = [k for k, row in enumerate(rows) if row.get("improved") in (True, "True", 1, "1")]
    if improved:
        return improved[-1]
    return int(np.argmin([float(row["validation_rmse_cm1"]) for row in rows]))


def residuals(
    path: str | Path,
    labels_cm1: Sequence[ArrayLike],
    residuals_cm1: Sequence[ArrayLike],
    part_names: Sequence[str],
) -> None:
    """Residuals against energy, how they are distributed, and their RMSE by energy.

    Label against prediction would be a straight line for any fit worth a picture.

    Args:
        path: path of the PNG file.
        labels_cm1: energies (B,) above the lowest point, for each part.
        residuals_cm1: surface minus label for each part, (B,).
        part_names: such as train, validation, test.

    Raises:
        ValueError: if the parts do not match.
    """
    labels = [np.asarray(x, dtype=float) for x in labels_cm1]
    errors = [np.asarray(x, dtype=float) for x in residuals_cm1]
    if not len(labels) == len(errors) == len(part_names) > 0 or any(
        len(x) != len(r) or not len(x) for x, r in zip(labels, errors, strict=True)
    ):
        raise ValueError("labels, residuals and names must be the same parts, none empty")
    parts = list(zip(labels, errors, part_names, colours(len(labels)), strict=True))
    with picture(path, 8.0, 6.0) as figure:
        panels = figure.subplots(
            2, 2, sharex="col", sharey="row", width_ratios=(3, 1), height_ratios=(3, 2)
        )
        _residuals(panels[0, 0], parts)
        _histogram(panels[0, 1], parts)
        _by_energy(panels[1, 0], parts)
        panels[1, 1].axis("off")
        lettered((panels[0, 0], panels[0, 1], panels[1, 0]))
        panels[0, 1].tick_params(labelbottom=True)
        handles, names = panels[0, 0].get_legend_handles_labels()
        panels[1, 1].legend(
            handles, names, frameon=False, loc="center", labelspacing=1.0, markerscale=3
        )


Part = tuple[NDArray[np.float64], NDArray[np.float64], str, str]


def _residuals(axes: Axes, parts: Sequence[Part]) -> None:
    for labels, residuals, name, colour in parts:
        rmse, worst = np.sqrt(np.mean(residuals**2)), np.abs(residuals).max()
        axes.plot(
            labels, residuals, ".", color=colour, ms=4, alpha=0.6, mew=0,
            label=f"{name}, {len(labels)} points\nRMSE {rmse:.3g} cm⁻¹\nlargest {worst:.3g} cm⁻¹",
        )  # fmt: skip
    axes.axhline(0, color="0.5", lw=0.8, zorder=0)
    # Linear where nine tenths of the points are, logarithmic beyond: a few would flatten all.
    largest = max(float(np.abs(r).max()) for _, r, _, _ in parts)
    linear_then_logarithmic(axes, _linear(parts), largest, linscale=2)
    tidy(axes, "", "surface − label (cm⁻¹)")


def _linear(parts: Sequence[Part]) -> float:
    """Size that nine tenths of the residuals stay below, cm⁻¹."""
    everything = np.concatenate([residuals for _, residuals, _, _ in parts])
    return max(float(np.quantile(np.abs(everything), 0.9)), 1e-12)


def _histogram(axes: Axes, parts: Sequence[Part]) -> None:
    """Share of each part's points in each interval of the residual."""
    everything = np.concatenate([residuals for _, residuals, _, _ in parts])
    linear = _linear(parts)
    ends = np.arcsinh(np.array([everything.min(), everything.max()]) / linear)
    # Intervals of about the same height on the axis of the residuals.
    edges = linear * np.sinh(np.linspace(ends[0] - 1e-9, ends[1] + 1e-9, 41))
    for _, residuals, _, colour in parts:
        axes.hist(
            residuals, bins=edges.tolist(), weights=np.full(len(residuals), 100 / len(residuals)),
            orientation="horizontal", histtype="step", color=colour, lw=1.2,
        )  # fmt: skip
    tidy(axes, "share of points (%)", "")


def _by_energy(axes: Axes, parts: Sequence[Part]) -> None:
    """RMSE in energy intervals, on a logarithmic scale."""
    top = max(labels.max() for labels, *_ in parts)
    edges = np.linspace(0, top * (1 + 1e-12) or 1.0, BINS + 1)
    for labels, residuals, _, colour in parts:
        place = np.clip(np.digitize(labels, edges) - 1, 0, BINS - 1)
        count = np.bincount(place, minlength=BINS)
        squares = np.bincount(place, residuals**2, minlength=BINS)
        filled = count > 0
        middles = (edges[1:] + edges[:-1])[filled] / 2
        rmse = np.sqrt(squares[filled] / count[filled])
        axes.plot(middles, rmse, "o-", color=colour, ms=3.5, lw=1.2)
    if any(residuals.any() for _, residuals, *_ in parts):
        axes.set_yscale("log")
    axes.grid(axis="y", which="both", color="0.92", lw=0.6)
    tidy(axes, "energy above the lowest point (cm⁻¹)", "RMSE in interval (cm⁻¹)")
