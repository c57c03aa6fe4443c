"""Pictures of an evaluation: errors of a surface at points, and the spread beside them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike, NDArray
from scipy.special import erf

from pes.plots.figure import COLOURS, lettered, linear_then_logarithmic, picture, tidy

__all__ = ["calibration_curve", "errors"]

Array = NDArray[np.float64]


def errors(
    path: str | Path,
    labels_cm1: ArrayLike,
    residuals_cm1: ArrayLike,
    *,
    windows: Sequence[float],
    nearest: ArrayLike | None = None,
    forces: ArrayLike | None = None,
) -> None:
    """Prediction against label, residual against energy, forces and distance if known.

    Args:
        path: path of the PNG file.
        labels_cm1: energies (B,) above the lowest training point.
        residuals_cm1: surface − label (B,).
        windows: upper ends in cm⁻¹, drawn where there are points on both sides.
        nearest: distance to the nearest training point (B,), one being the largest gap there.
        forces: norm of the force error (B,) in cm⁻¹/Å.

    Raises:
        ValueError: if there are no points or the numbers of points differ.
    """
    x, r = np.asarray(labels_cm1, dtype=float), np.asarray(residuals_cm1, dtype=float)
    far = None if nearest is None else np.asarray(nearest, dtype=float)
    norm = None if forces is None else np.asarray(forces, dtype=float)
    if not len(x) or any(len(v) != len(x) for v in (r, far, norm) if v is not None):
        raise ValueError("labels, residuals, distances and forces must be of the same points")
    extra = [(_against_distance, far), (_force_errors, norm)]
    lower = [(draw, values) for draw, values in extra if values is not None]
    with picture(path, 10.0, 8.0 if lower else 4.2) as figure:
        rows = figure.subfigures(1 + bool(lower), 1, squeeze=False)[:, 0]
        first, second = rows[0].subplots(1, 2, width_ratios=(2, 3))
        outside = np.zeros(len(x), dtype=bool) if far is None else far > 1
        shown = [first, second]
        _parity(first, x, x + r, outside)
        _residuals(second, x, r, outside, _inside(windows, x))
        if lower:
            panels = rows[1].subplots(1, len(lower), squeeze=False)[0]
            for axes, (draw, values) in zip(panels, lower, strict=True):
                draw(axes, x, r, values)
                shown.append(axes)
        lettered(shown)


def _inside(windows: Sequence[float], x: Array) -> list[float]:
    """Windows that divide the points."""
    return [top for top in windows if x.min() < top < x.max()]


def _points(axes: Axes, x: Array, y: Array, outside: NDArray[np.bool_]) -> None:
    """Points near training points and beyond, in two colours if there are both."""
    groups = [(~outside, COLOURS[0], "within the training points")]
    groups += [(outside, COLOURS[1], "extrapolation")]
    for mask, colour, name in groups:
        if mask.any():
            label = f"{name}, {mask.sum()} points" if outside.any() else f"{len(x)} points"
            axes.plot(
                x[mask], y[mask], ".", color=colour, ms=4, alpha=0.6, mew=0, label=label,
            )  # fmt: skip


def _parity(axes: Axes, x: Array, y: Array, outside: NDArray[np.bool_]) -> None:
    _points(axes, x, y, outside)
    axes.axline((0, 0), slope=1, color="0.5", lw=0.8, zorder=0)
    axes.legend(frameon=False, markerscale=2.5, loc="upper left")
    tidy(axes, "label (cm⁻¹)", "surface (cm⁻¹)")


def _residuals(
    axes: Axes, x: Array, r: Array, outside: NDArray[np.bool_], windows: Sequence[float]
) -> None:
    """Residuals, with the RMSE below the end of each window written on it."""
    _points(axes, x, r, outside)
    axes.axhline(0, color="0.5", lw=0.8, zorder=0)
    linear = max(float(np.quantile(np.abs(r), 0.9)), 1e-12)
    if np.abs(r).max() > 20 * linear:
        # A few wild points would flatten all others.
        linear_then_logarithmic(axes, linear, float(np.abs(r).max()))
        axes.set_ylim(min(1.5 * r.min(), -linear), max(1.5 * r.max(), linear))
    for top in windows:
        rmse = np.sqrt(np.mean(r[x <= top] ** 2))
        axes.axvline(top, color="0.6", lw=0.8, ls="--", zorder=0)
        axes.annotate(
            f"{rmse:.3g}", (top, 1.0), (-2, 2), xycoords=("data", "axes fraction"),
            textcoords="offset points", ha="right", fontsize="small", color="0.3",
        )  # fmt: skip
    if windows:
        axes.set_title("RMSE below each dashed line (cm⁻¹):", loc="left", fontsize="small",
                       color="0.3", pad=16)  # fmt: skip
    tidy(axes, "label (cm⁻¹)", "surface − label (cm⁻¹)")


def _against_distance(axes: Axes, x: Array, r: Array, far: Array) -> None:
    """Size of the residual against the distance to the training points, coloured by energy."""
    shown = far > 1e-9
    axes.axvline(1.0, color="0.5", lw=0.8, ls="--", zorder=0)
    if shown.any():
        dots = axes.scatter(far[shown], _visible(r)[shown], c=x[shown], s=8, lw=0, cmap="viridis")
        axes.figure.colorbar(dots, ax=axes, label="label (cm⁻¹)")
        axes.set_xscale("log")
        axes.set_yscale("log")
    known = int((~shown).sum())
    title = f"{known} training points not drawn" if known else ""
    axes.set_title(title, fontsize="small", color="0.3")
    tidy(axes, "distance to the nearest training point", "|surface − label| (cm⁻¹)")


def _force_errors(axes: Axes, x: Array, r: Array, norm: Array) -> None:
    rms = np.sqrt(np.mean(norm**2))
    axes.plot(x, _visible(norm), ".", color=COLOURS[2], ms=4, alpha=0.6, mew=0)
    axes.set_yscale("log")
    axes.set_title(f"root mean square {rms:.3g} cm⁻¹/Å", fontsize="small", color="0.3")
    tidy(axes, "label (cm⁻¹)", "norm of the force error (cm⁻¹/Å)")


def _visible(values: Array) -> Array:
    """Sizes for a logarithmic axis; what is below a thousandth of the middle goes to its foot."""
    sizes = np.abs(values)
    seen = sizes[sizes > 0]
    foot = max(seen.min(), 1e-3 * np.median(seen)) if len(seen) else 1.0
    return np.maximum(sizes, foot)


def calibration_curve(path: str | Path, residuals_cm1: ArrayLike, spread_cm1: ArrayLike) -> None:
    """Errors against the spread of an ensemble, and the share of errors within k spreads.

    Args:
        path: path of the PNG file.
        residuals_cm1: surface − label (B,).
        spread_cm1: spread of the members (B,).

    Raises:
        ValueError: if there are no points or the numbers of points differ.
    """
    r, sigma = np.asarray(residuals_cm1, dtype=float), np.asarray(spread_cm1, dtype=float)
    if not len(r) or len(r) != len(sigma):
        raise ValueError("residuals and spreads must belong to the same points, at least one")
    with picture(path, 10.0, 4.4) as figure:
        first, second = figure.subplots(1, 2)
        _error_against_spread(first, r, sigma)
        _shares(second, r, sigma)
        lettered((first, second))


def _error_against_spread(axes: Axes, r: Array, sigma: Array) -> None:
    x, y = _visible(sigma), _visible(r)
    axes.plot(x, y, ".", color=COLOURS[0], ms=4, alpha=0.6, mew=0)
    ends = np.array([x.min(), x.max()])
    for k, style in ((1, "-"), (2, "--")):
        axes.plot(ends, k * ends, color=COLOURS[1], ls=style, lw=1.2, label=f"error = {k}σ")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.legend(frameon=False)
    tidy(axes, "spread σ of the members (cm⁻¹)", "|surface − label| (cm⁻¹)")


def _shares(axes: Axes, r: Array, sigma: Array) -> None:
    k = np.linspace(0, 4, 81)
    inside = [100 * np.mean(np.abs(r) <= factor * sigma) for factor in k]
    axes.plot(k, inside, color=COLOURS[0], lw=1.5, label="this ensemble")
    axes.plot(k, 100 * erf(k / np.sqrt(2)), color="0.5", lw=1.2, ls="--", label="normal errors")
    for factor in (1, 2):
        share = 100 * np.mean(np.abs(r) <= factor * sigma)
        axes.plot(factor, share, "o", color=COLOURS[0], ms=5)
        axes.annotate(f"{share:.0f} %", (factor, share), (6, -10), textcoords="offset points")
    axes.set_ylim(0, 102)
    axes.set_xlim(0, 4)
    axes.legend(frameon=False, loc="lower right")
    tidy(axes, "number of spreads", "share of errors within (%)")
