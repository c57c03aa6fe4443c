"""Levels in their well."""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from torch import Tensor

from pes.coordinates.kinds import KINDS
from pes.plots.figure import COLOURS, lettered, margins, picture, tidy
from pes.units import CM1
from pes.vibration.grid.by_coordinates import by_coordinates
from pes.vibration.levels.result import Levels

__all__ = [
    "cut_potential", "heights_of", "label_margin", "level_diagram", "scales_of", "span_of",
]  # fmt: skip

MOST_DRAWN = 8
MOST_STATES = 5
MOST_PAIRS = 3
ROOM = 0.035
"""Distance of two labels as a part of the height of a panel."""

CAPTION = (
    "shaded: density of a level, other coordinates integrated; "
    "line: where V equals its energy, other coordinates at the minimum"
)


def level_diagram(
    path: str | Path,
    levels: Levels,
    title: str,
    *,
    kinds: Sequence[str] | None = None,
    labels: Sequence[str] | None = None,
) -> None:
    """Cuts of the surface with the levels in them, and densities of the lowest levels.

    Above, for each coordinate: V through the minimum and, on the line of each of the lowest
    levels, its probability density in that coordinate. Below, for two coordinates or more:
    the densities in pairs of coordinates over contours of V.

    Args:
        path: path of the PNG file.
        levels: levels of a molecule or a model.
        title: title of the picture.
        kinds: a key of `pes.coordinates.kinds.KINDS` for each coordinate. Default: in a molecule
            Legendre and Fourier bases are for angles, others for lengths; in a model all
            are numbers.
        labels: quanta of each level, such as `(0 1 0) A1`, beside its line and over its density;
            `-` for none.
    """
    scales = scales_of(levels, kinds)
    count = len(levels.bases)
    pairs = list(combinations(range(count), 2))[:MOST_PAIRS]
    states = min(MOST_STATES, len(levels.energies))
    width = 3.4 * max(count, 2) if count < 4 else 2.6 * count
    heights = [4.6, 2.6 * len(pairs)][: 2 if pairs else 1]
    with picture(path, width, sum(heights), layout=None) as figure:
        figure.suptitle(title, parse_math=False)
        rows = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
        cuts = rows[0].subplots(1, count, sharey=True, squeeze=False)[0]
        for k, axes in enumerate(cuts):
            _cut(axes, levels, k, *scales[k])
        cuts[0].set_ylabel("energy above the minimum (cm⁻¹)")
        if labels is not None:
            _name_levels(cuts[-1], heights_of(levels), labels)
        right = 0.15 if labels is None else label_margin(labels[:MOST_DRAWN])
        margins(rows[0], width, heights[0], left=0.8, top=0.5, between=0.2, right=right)
        shown = [cuts[0]]
        if pairs:
            panels = rows[1].subplots(len(pairs), states, sharey="row", squeeze=False)
            rows[1].suptitle(CAPTION, fontsize="medium")
            for row, (j, k) in zip(panels, pairs, strict=True):
                _densities(row, levels, j, k, scales, labels)
            between = 0.55 if labels is None else 0.65
            margins(rows[1], width, heights[1], left=0.8, top=0.8, between=between)
            shown += [row[0] for row in panels]
        lettered(shown)


def scales_of(levels: Levels, kinds: Sequence[str] | None) -> list[tuple[float, str]]:
    """Unit and axis label of each coordinate."""
    if kinds is None:
        molecule = levels.system.positions is not None
        angular = ("legendre", "fourier")
        kinds = [
            ("angle" if c.basis in angular else "length") if molecule else "number"
            for c in levels.bases
        ]
    return [
        (KINDS[kind].size, f"{_written(c.name)} ({KINDS[kind].axis})".removesuffix(" ()"))
        for kind, c in zip(kinds, levels.bases, strict=True)
    ]


def _written(name: str) -> str:
    """`r1` as r₁, `theta` as θ."""
    greek = {"theta": "θ", "phi": "φ", "tau": "τ", "alpha": "α", "beta": "β", "gamma": "γ"}
    stem = name.rstrip("0123456789")
    digits = name[len(stem) :].translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
    return greek.get(stem, stem) + digits


def heights_of(levels: Levels) -> NDArray[np.float64]:
    """Energies above the minimum of the surface in cm⁻¹, (S,)."""
    return ((levels.energies - levels.minimum_energy) / CM1).cpu().numpy()


def _cut(axes: Axes, levels: Levels, k: int, unit: float, label: str) -> None:
    """V along one coordinate, the levels as lines, densities on the lowest of them."""
    heights = heights_of(levels)
    low, high = levels.hamiltonian.basis.bases[k].range
    q = torch.linspace(low, high, 401, dtype=torch.float64, device=levels.minimum.device)
    v = cut_potential(levels, {k: q}) / CM1
    x = (q / unit).cpu().numpy()
    x_fine, density = _density_along(levels, k, unit)
    drawn = min(MOST_DRAWN, len(heights))
    step = np.diff(heights[:drawn]).mean() if drawn > 1 else heights[0]
    top = heights[-1] + max(0.1 * heights[-1], step)
    inside = np.flatnonzero(v < top)
    if not len(inside):  # a cut that passes above all levels
        inside = np.arange(len(v))
    axes.plot(x, v, color="0.2", lw=1.4)
    tallest = density[:drawn].max()
    for n, height in enumerate(heights):
        allowed = np.flatnonzero(v < height)
        ends = x[allowed[[0, -1]]] if len(allowed) else x[inside[[0, -1]]]
        axes.plot(ends, [height, height], color="0.75", lw=0.6, zorder=0)
        if n < drawn:
            colour = COLOURS[n % len(COLOURS)]
            curve = height + 0.85 * step * density[n] / tallest
            seen = density[n] > 2e-3 * density[n].max()
            axes.plot(x_fine[seen], curve[seen], color=colour, lw=1.0)
            axes.fill_between(x_fine[seen], height, curve[seen], color=colour, alpha=0.25, lw=0)
    margin = 0.04 * (x[inside[-1]] - x[inside[0]])
    axes.set_xlim(float(x[inside[0]] - margin), float(x[inside[-1]] + margin))
    axes.set_ylim(0, top)
    tidy(axes, label, "")


def label_margin(labels: Sequence[str]) -> float:
    """Inches right of the panels that the labels of levels take."""
    return 0.3 + 0.06 * max(10, *map(len, labels))


def _name_levels(axes: Axes, heights: NDArray[np.float64], labels: Sequence[str]) -> None:
    """Labels of the drawn levels in their colours, right of the panel and clear of each other."""
    drawn = min(MOST_DRAWN, len(heights))
    room, top = ROOM * axes.get_ylim()[1], -np.inf
    for n in range(drawn):
        top = max(heights[n], top + room)
        if labels[n] != "-":
            axes.annotate(
                labels[n], (1.02, top), xycoords=("axes fraction", "data"), va="center",
                fontsize="small", color=COLOURS[n % len(COLOURS)], annotation_clip=False,
            )  # fmt: skip


def cut_potential(levels: Levels, moved: dict[int, Tensor]) -> NDArray[np.float64]:
    """V above its minimum (hartree) with some coordinates moved, the others at the minimum."""
    values = torch.cartesian_prod(*moved.values()).reshape(-1, len(moved))
    q = levels.minimum.repeat(len(values), 1)
    q[:, list(moved)] = values
    with torch.no_grad():
        return (levels.system.potential(q) - levels.minimum_energy).cpu().numpy()


def _density_along(
    levels: Levels, k: int, unit: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points (M,) and probability densities (S, M) of one coordinate."""
    basis = levels.hamiltonian.basis.bases[k]
    c = by_coordinates(levels.hamiltonian.basis, levels.eigenpairs.coefficients, [k])
    along = torch.einsum("ma,sab,mb->sm", basis.fine_values, c @ c.mT, basis.fine_values)
    x = (basis.fine_points / unit).cpu().numpy()
    smooth = np.linspace(x[0], x[-1], 401)
    density = CubicSpline(x, along.cpu().numpy() / np.gradient(x), axis=1)(smooth)
    return smooth, np.maximum(density, 0.0)


def _densities(
    row: Sequence[Axes],
    levels: Levels,
    j: int,
    k: int,
    scales: Sequence[tuple[float, str]],
    labels: Sequence[str] | None,
) -> None:
    """Densities of the lowest levels in one pair of coordinates, one panel each."""
    bases = levels.hamiltonian.basis.bases[j], levels.hamiltonian.basis.bases[k]
    x, y = (
        (b.fine_points / scales[i][0]).cpu().numpy() for b, i in zip(bases, (j, k), strict=True)
    )
    densities = [
        _pair(levels, n, j, k) / np.outer(np.gradient(x), np.gradient(y)) for n in range(len(row))
    ]
    together = np.sum(densities, 0)
    spans = span_of(x, together.sum(1)), span_of(y, together.sum(0))
    q = {i: b.fine_points for b, i in zip(bases, (j, k), strict=True)}
    v = cut_potential(levels, q).reshape(len(x), len(y)).T / CM1
    heights = heights_of(levels)
    for n, (axes, density) in enumerate(zip(row, densities, strict=True)):
        axes.contour(x, y, v, levels=[heights[n]], colors="0.35", linewidths=0.8)
        shades = np.linspace(0.05, 1.0, 9) * density.max()
        axes.contourf(x, y, density.T, levels=shades.tolist(), cmap="Blues")
        name = "ground state" if n == 0 else f"{heights[n] - heights[0]:.1f} cm⁻¹"
        if labels is not None and labels[n] != "-":
            name = f"{name}\n{labels[n]}"
        axes.set_title(name, fontsize="medium", y=1.0)
        axes.set_xlim(*spans[0])
        axes.set_ylim(*spans[1])
        tidy(axes, scales[j][1], scales[k][1] if n == 0 else "")


def _pair(levels: Levels, state: int, j: int, k: int) -> NDArray[np.float64]:
    return levels.pair_density(state, j, k).cpu().numpy()


def span_of(points: NDArray[np.float64], density: NDArray[np.float64]) -> tuple[float, float]:
    """Part of each axis on which a density is visible, with a margin."""
    seen = points[density > 1e-3 * density.max()]
    margin = 0.08 * (seen[-1] - seen[0])
    return float(seen[0] - margin), float(seen[-1] + margin)
