"""Regions that determine a level: |ψ|² in pairs of coordinates over the training points."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from pes.coordinates.kinds import KINDS
from pes.plots.figure import COLOURS, picture, tidy
from pes.plots.vibration import cut_potential, heights_of, scales_of, span_of
from pes.units import CM1
from pes.vibration.levels.result import Levels

__all__ = ["density_map"]

ENERGY = COLOURS[1]


def density_map(
    path: str | Path,
    levels: Levels,
    state: int,
    pairs: Sequence[tuple[int, int]],
    kinds: Sequence[str],
    *,
    sampled: Tensor | None = None,
) -> None:
    """The reduced densities of one level, one panel for each pair of coordinates.

    A change of the surface by δV(q_j, q_k) moves the level by ∫ ρ_n δV dq_j dq_k.

    Args:
        path: path of the PNG file.
        levels: levels of a molecule or a model.
        state: number of the level.
        pairs: numbers of coordinates.
        kinds: a key of `pes.coordinates.kinds.KINDS` for each coordinate.
        sampled: the training points (T, Q) in these coordinates, bohr and radians.
    """
    columns = min(3, len(pairs))
    rows = -(-len(pairs) // columns)
    height = heights_of(levels)
    name = "ground state" if state == 0 else f"level {state}, {height[state] - height[0]:.1f} cm⁻¹"
    with picture(path, 4.4 * columns, 3.7 * rows + 0.5) as figure:
        figure.suptitle(
            f"{name}: where the surface matters, ρ = ∂E/∂V in two coordinates", parse_math=False
        )
        panels = figure.subplots(rows, columns, squeeze=False).flatten()
        for axes, pair in zip(panels, pairs, strict=False):
            _panel(figure, axes, levels, state, pair, kinds, sampled)
        for axes in panels[len(pairs) :]:
            axes.set_axis_off()
        figure.legend(
            *panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2,
            frameon=False,
        )  # fmt: skip


def _panel(
    figure: Figure,
    axes: Axes,
    levels: Levels,
    state: int,
    pair: tuple[int, int],
    kinds: Sequence[str],
    sampled: Tensor | None,
) -> None:
    j, k = pair
    bases = levels.hamiltonian.basis.bases[j], levels.hamiltonian.basis.bases[k]
    scales = scales_of(levels, kinds)
    sizes = [scales[i][0] for i in pair]
    x, y = ((b.fine_points / s).cpu().numpy() for b, s in zip(bases, sizes, strict=True))
    density = levels.pair_density(state, j, k).cpu().numpy()
    density = density / np.outer(np.gradient(x), np.gradient(y))
    if sampled is not None:
        points = sampled[:, [j, k]].cpu().numpy() / sizes
        axes.plot(*points.T, ".", color="0.55", ms=2.0, zorder=0, label="training points")
    shades = np.geomspace(1e-3, 1.0, 10) * density.max()
    filled = axes.contourf(
        x, y, density.T, levels=shades.tolist(), cmap="Blues", alpha=0.75, norm="log", zorder=1
    )
    v = cut_potential(levels, {j: bases[0].fine_points, k: bases[1].fine_points})
    v = v.reshape(len(x), len(y)).T / CM1
    axes.contour(x, y, v, levels=[heights_of(levels)[state]], colors=ENERGY, linewidths=1.0)
    axes.plot([], [], color=ENERGY, lw=1.0, label="V equals the energy, others at the minimum")
    axes.set_xlim(*span_of(x, density.sum(1)))
    axes.set_ylim(*span_of(y, density.sum(0)))
    tidy(axes, scales[j][1], scales[k][1])
    bar = figure.colorbar(filled, ax=axes, format="%.1e")
    bar.set_label(f"ρ{_per(kinds[j], kinds[k])}")


def _per(first: str, second: str) -> str:
    """Unit of a density in two coordinates, in brackets."""
    names = [KINDS[kind].axis for kind in (first, second)]
    if names[0] == names[1]:
        return f" (1/{names[0]}²)" if names[0] else ""
    return f" (1/({' '.join(name for name in names if name)}))"
