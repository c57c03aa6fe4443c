"""Geometry that the axes of the body refer to: a fixed one, or one that follows a large motion.

References:
    J. T. Hougen, P. R. Bunker, J. W. C. Johns, J. Mol. Spectrosc. 34, 136 (1970),
    doi:10.1016/0022-2852(70)90080-9, for a reference that follows one coordinate
"""

from dataclasses import dataclass, replace

import torch
from scipy.interpolate import CubicSpline
from torch import Tensor

from pes.geometry import nearest_rotation, principal_axes
from pes.vibration.levels.result import Levels
from pes.vibration.system.system import System

__all__ = [
    "BodyReference",
    "FlexibleReference",
    "avoided_coordinate",
    "centred_positions",
    "flexible_reference",
    "is_linear",
    "masses_of",
    "mean_geometry",
    "on_a_line",
    "reference_geometry",
]

LINEAR = 1e-3
"""Spread of the masses across the longest axis against that along it, up to which a molecule is
linear."""

STEPS, SAME = 30, 1e-6
"""Steps of the mean geometry at most, and the change in bohr that ends them."""

UNSEEN = 1e-10
"""Probability of a grid point below which it does not matter where the axes are."""

KNOTS = 601
"""Geometries along the coordinate that a reference follows. The next one is turned so as to be
nearest to the last; their rotation into one another falls with the square of their distance."""

NEAR_END = 0.02
"""Part of a period at either end where a reference does not come back to where it began."""

AVOIDED = 0.5
"""Density in the middle of a coordinate, relative to the largest, below which it has two wells."""


@dataclass(frozen=True, eq=False)
class FlexibleReference:
    """A reference c(q_k) that follows one coordinate and does not turn: Σ_a m_a c_a × dc_a = 0.

    Where the molecule follows the coordinate alone, rotation and that motion do not couple, and
    other vibrations couple to rotation as little as those of a molecule with one well.

    Attributes:
        coordinate: number of the coordinate.
        ends: ends of the coordinate.
        closed: whether the reference at both ends is the same, or the coordinate has no period.
        path: geometries by the coordinate, 3N numbers each.
        middle: geometry (N, 3) at the mean of the coordinate, along its principal axes.
    """

    coordinate: int
    ends: tuple[float, float]
    closed: bool
    path: CubicSpline
    middle: Tensor

    def at(self, q: Tensor) -> tuple[Tensor, Tensor]:
        """c and dc/dq_k at points (P, Q), (P, N, 3) each."""
        s = q[:, self.coordinate].detach().cpu().numpy()
        both = (torch.from_numpy(self.path(s, order)).to(q) for order in (0, 1))
        geometry, slope = (x.reshape(len(q), -1, 3) for x in both)
        return geometry, slope

    def turned(self, turn: Tensor) -> "FlexibleReference":
        """The same along other axes, x → x R, (3, 3)."""
        knots = self.path.x
        path = torch.from_numpy(self.path(knots)).reshape(len(knots), -1, 3) @ turn.cpu()
        spline = CubicSpline(knots, path.flatten(1).numpy())
        return replace(self, path=spline, middle=self.middle @ turn)

    def near_jump(self, q: Tensor) -> Tensor:
        """Whether points (P, Q) are near ends where the reference turns over, (P,)."""
        low, high = self.ends
        s, margin = q[:, self.coordinate], NEAR_END * (high - low)
        return ((s < low + margin) | (s > high - margin)) & (not self.closed)


BodyReference = Tensor | FlexibleReference
"""One geometry (N, 3), or one that follows a coordinate."""


def reference_geometry(levels: Levels) -> Tensor:
    """Mean geometry of the ground state along its principal axes, (N, 3) in bohr.

    A molecule that is linear at its minimum has that for a reference, on the z axis.

    Axis x is b, y is c and z is a. Where the ground state lies in one well this is near its
    minimum. Between several wells it is what they have in common: of the pyramids of ammonia the
    plane, of the twisted minima of hydrogen peroxide the trans form. Axes that refer to one of the
    wells would turn over in a place where another has its states.

    Raises:
        ValueError: for a model without atoms.
    """
    positions = levels.system.positions
    if positions is None:
        raise ValueError("a model without atoms has no rotation")
    masses = masses_of(levels.system)
    with torch.no_grad():
        x = positions(levels.minimum[None])[0]
    if is_linear(x, masses):
        return on_a_line(x, masses)
    density = next(levels.each_density())
    here = (density.abs() > UNSEEN).nonzero().flatten()
    start = _along_principal_axes(x, masses)
    mean = mean_geometry(
        centred_positions(levels.system, levels.points[here]), density[here], masses, start
    )
    return _along_principal_axes(mean, masses)


def mean_geometry(x: Tensor, density: Tensor, masses: Tensor, start: Tensor) -> Tensor:
    """Mean of geometries that are turned so as to be nearest to it, (N, 3) in bohr.

    Args:
        x: positions (P, N, 3), centre of mass at the origin.
        density: w, (P,).
        masses: (N,) in electron masses.
        start: geometry to begin with, (N, 3), centred.
    """
    mean, weights = start, density / density.sum()
    for _ in range(STEPS):
        turn = nearest_rotation((masses[:, None] * mean).mT @ x).mT
        last, mean = mean, torch.einsum("p,pai->ai", weights, x @ turn)
        if float((mean - last).abs().max()) < SAME:
            break
    return mean


def _along_principal_axes(x: Tensor, masses: Tensor) -> Tensor:
    """Centred positions (N, 3) along their principal axes: x is b, y is c and z is a."""
    # The largest spread of masses lies along a, the least across the plane of a planar molecule.
    x, _, axes = principal_axes(x, masses)
    axes = axes[:, [1, 0, 2]]
    largest = axes.abs().argmax(0)
    axes = axes * axes[largest, range(3)].sign()
    axes[:, 1] = axes[:, 1] * torch.linalg.det(axes).sign()
    return x @ axes


def on_a_line(x: Tensor, masses: Tensor) -> Tensor:
    """Positions (N, 3) of atoms on a line, or nearly so, on the z axis."""
    line = _along_principal_axes(x, masses)[:, 2]
    return torch.stack((0 * line, 0 * line, line), -1)


def is_linear(x: Tensor, masses: Tensor) -> bool:
    """Whether all atoms (N, 3) lie on a line, or nearly so."""
    _, spread, _ = principal_axes(x, masses)
    return float(spread[0] + spread[1]) < LINEAR * float(spread[2])


def avoided_coordinate(levels: Levels) -> int | None:
    """Coordinate in the middle of which the ground state is small: between two wells; or None."""
    density = next(levels.each_density())
    for k in range(len(levels.bases)):
        values, place = levels.points[:, k].unique(return_inverse=True)
        if len(values) > 100:
            continue
        marginal = torch.zeros_like(values).index_add(0, place, density)
        middle = int((values - float(marginal @ values)).abs().argmin())
        if float(marginal[max(0, middle - 1) : middle + 2].max()) < AVOIDED * float(marginal.max()):
            return k
    return None


def flexible_reference(levels: Levels, coordinate: int | None = None) -> FlexibleReference:
    """Geometries along a coordinate, by default that of the largest amplitude, others at means.

    The amplitude is that of the ground state relative to the harmonic one of the same inertia:
    ⟨(q − ⟨q⟩)²⟩/⟨G_kk⟩ is the largest.

    Raises:
        ValueError: for a model without atoms.
    """
    system, density = levels.system, next(levels.each_density())
    if system.positions is None:
        raise ValueError("a model without atoms has no rotation")
    q = levels.points
    means = density @ q
    inertia = density @ levels.hamiltonian.g_matrix.diagonal(dim1=1, dim2=2)
    k = int(((density @ (q - means).square()) / inertia).argmax())
    k = k if coordinate is None else coordinate
    spec = levels.bases[k]
    points = means.repeat(KNOTS, 1)
    points[:, k] = torch.linspace(spec.low, spec.high, KNOTS).to(q)
    masses = masses_of(system)
    x = centred_positions(system, torch.cat((points, means[None])))
    middle = _along_principal_axes(x[-1], masses)
    start = int((points[:, k] - means[k]).abs().argmin())
    path = x[:-1].clone()
    path[start] = _turned(x[start], middle, masses)
    for step, last in ((1, KNOTS), (-1, -1)):
        for n in range(start + step, last, step):
            path[n] = _turned(x[n], path[n - step], masses)
    periodic = spec.basis == "fourier"
    closed = not periodic or float((path[0] - path[-1]).abs().max()) < PERIOD
    spline = CubicSpline(points[:, k].cpu().numpy(), path.flatten(1).cpu().numpy())
    return FlexibleReference(k, (spec.low, spec.high), closed, spline, middle)


PERIOD = 1e-3
"""Bohr: a reference this near to its beginning has come back."""


def _turned(x: Tensor, reference: Tensor, masses: Tensor) -> Tensor:
    """Positions (N, 3) turned so as to be nearest to a reference."""
    return x @ nearest_rotation(((masses[:, None] * reference).mT @ x).mT)


def centred_positions(system: System, q: Tensor) -> Tensor:
    """Positions (P, N, 3) at points (P, Q), their centre of mass at the origin."""
    assert system.positions is not None
    masses = masses_of(system)
    with torch.no_grad():
        x = system.positions(q)
        return x - (masses[:, None] * x).sum(-2, keepdim=True) / masses.sum()


def masses_of(system: System) -> Tensor:
    """Masses (N,) of a molecule without their graph."""
    assert system.masses is not None
    return system.masses.detach()
