"""Analytic forces of a surface against numerical ones, over a series of steps.

A central difference (V(x + h) − V(x − h))/2h errs by h²V‴/6, truncation, and by about ε|V|/h,
rounding; their sum against h is a V on logarithmic axes, whose bottom is the best step, near
(3ε|V|/|V‴|)^⅓. Forward differences err by hV″/2 and have their bottom at smaller steps, higher up.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pes.chunks import in_chunks
from pes.data import Dataset, read
from pes.evaluation.gradient_check import GradientCheck
from pes.evaluation.smoothness import largest_jump
from pes.molecule import Molecule
from pes.potential import Surface, energies_and_forces
from pes.potential.consistency import check_consistency
from pes.potential.surface import checked_positions
from pes.setup.inputs.surfaces import SurfaceLike, as_surface
from pes.setup.minima.geometry import Geometries

__all__ = ["STEPS", "check_gradients"]

STEPS = tuple(10 ** (k / 2) for k in range(-16, 0))
"""Steps h in bohr, 1e-8 to 0.3."""

GEOMETRIES = 10
CHUNK = 2048
MOVE = 0.1
"""Random displacements from the minimum in bohr, where nothing is known but the minimum."""


def check_gradients(
    surface: SurfaceLike,
    points: Dataset | Tensor | np.ndarray | Path | str | None = None,
    *,
    geometries: int = GEOMETRIES,
    steps: Sequence[float] = STEPS,
) -> GradientCheck:
    """Compare the analytic forces of a surface with differences of its energies.

    Args:
        surface: whatever `pes.levels` takes.
        points: geometries of the comparison: a data set, its file, or positions (B, N, 3) in bohr.
            By default the training points of a fitted surface, else geometries around the minimum.
        geometries: number of these points that are used, spread over their energies.
        steps: steps of the differences, bohr; three or more, ascending.

    Returns:
        The errors by step and a verdict; `print` shows what `pes-check-gradients` prints and `save`
        writes what it writes.

    Raises:
        ValueError: if surface and points do not fit, or the energies are not finite there.

    References:
        W. H. Press et al., Numerical Recipes, 3rd ed. (2007), section 5.7.

    Example:
        >>> check_gradients("water_pjt1996", geometries=3).kind
        'agree'
    """
    if len(steps) < 3 or not all(0 < low < high for low, high in pairwise(steps)):
        raise ValueError(f"steps must be three or more positive numbers, ascending, got {steps}")
    if geometries < 1:
        raise ValueError(f"the number of geometries must be positive, got {geometries}")
    known = as_surface(surface)
    name = known.name or getattr(known.potential, "name", type(known.potential).__name__)
    symbols, x = _geometries(known, points, geometries)
    check_consistency(known.potential, x[0], name)
    with torch.no_grad():
        if not bool(known.potential(x).isfinite().all()):
            raise ValueError(f"{name} is not finite at some of {len(x)} geometries; choose others")
        pairs = [_differences(known.potential, x, h) for h in steps]
    central, forward = (torch.stack(kind) for kind in zip(*pairs, strict=True))
    h = torch.tensor(steps, dtype=torch.float64)
    jump = largest_jump(known.potential, x)
    return GradientCheck(name, symbols, x, h, _analytic(known, x), central, forward, jump)


def _geometries(
    surface: Surface, points: Dataset | Tensor | np.ndarray | Path | str | None, count: int
) -> tuple[tuple[str, ...], Tensor]:
    """Isotopes and positions (B, N, 3), spread over the energies of the surface."""
    if isinstance(points, str | Path):
        points = read(points)
    if isinstance(points, Dataset):
        return points.symbols, _spread(surface, _of_the_surface(surface, points), count)
    known = None if surface.record is None else surface.record.training_positions
    positions = known if points is None else checked_positions(points, surface.symbols)
    if positions is not None:
        names = surface.symbols or ("X",) * positions.shape[1]
        return names, _spread(surface, positions, count)
    if surface.symbols is None:
        raise ValueError("this surface does not say what atoms it is for; give points, `--points`")
    start = Geometries(surface, Molecule(surface.symbols), surface.potential).start.detach()
    generator = torch.Generator().manual_seed(0)
    moves = torch.randn(count, *start.shape, generator=generator, dtype=torch.float64)
    return surface.symbols, start + MOVE * moves


def _of_the_surface(surface: Surface, points: Dataset) -> Tensor:
    """Positions (B, N, 3) of a data set of the same elements."""
    known = surface.symbols
    if known is not None and Molecule(points.symbols).elements != Molecule(known).elements:
        raise ValueError(
            f"the points are of {' '.join(points.symbols)}, the surface is for {' '.join(known)}"
        )
    return points.positions


def _spread(surface: Surface, positions: Tensor, count: int) -> Tensor:
    """So many of the positions, evenly over the order of their energies."""
    with torch.no_grad():
        order = in_chunks(surface.potential, positions, CHUNK).argsort()
    places = torch.linspace(0, len(order) - 1, min(count, len(order))).round().long()
    return positions[order[places]]


def _differences(
    potential: Callable[[Tensor], Tensor], x: Tensor, h: float
) -> tuple[Tensor, Tensor]:
    """Central and forward differences (B, N, 3) of step h."""
    batch, size = len(x), x[0].numel()
    moves = torch.eye(size, dtype=x.dtype).reshape(size, 1, *x.shape[1:])
    # The step that is really taken: x + h rounds.
    ahead, behind = x + h * moves, x - h * moves
    taken = ((ahead - behind) * moves).sum((-2, -1)), ((ahead - x) * moves).sum((-2, -1))
    up, down = (
        potential(y.reshape(-1, *x.shape[1:])).reshape(size, batch) for y in (ahead, behind)
    )
    slopes = (up - down) / taken[0], (up - potential(x)) / taken[1]
    central, forward = (slope.T.reshape(x.shape) for slope in slopes)
    return central, forward


def _analytic(surface: Surface, x: Tensor) -> Tensor | None:
    """∂V/∂x (B, N, 3), None where torch has none."""
    if not surface.potential(x.clone().requires_grad_()).requires_grad:
        return None
    try:
        return -energies_and_forces(surface.potential, x)[1]
    except RuntimeError:  # the graph has nothing to do with the positions
        return None
