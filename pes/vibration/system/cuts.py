"""Cuts of a surface along one coordinate: what a wavefunction meets there.

With the others relaxed a cut tells how far wavefunctions reach. Functions of the coordinate are
better made for a mean over the others: where these swing far, the lowest path bends round walls
that a vibration meets at most places (the bonds of HCN on its way to HNC).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from scipy.interpolate import CubicSpline, PchipInterpolator
from torch import Tensor

from pes.vibration.basis.product_tree import unraveled
from pes.vibration.system.region import Region, energies_or_infinite
from pes.vibration.system.relaxation import relaxed_points
from pes.vibration.system.system import System

__all__ = ["Cut", "heights_above", "relaxed_cuts"]

OFF = 0.02
"""Distance from the limits (bohr, radians) at which G is taken."""

HIGH = 1.0
"""Hartree. Cuts end where V rises above this: no bound level gets there."""

SOFT = 0.5
"""Temperature kT of mean potentials, in energies that the region lies below."""

COLD = 0.125
"""The same of the geometries that G is taken at."""

FINE = 801
"""Points on which integrals along a cut are taken."""

NEWTON_STEPS = 3
"""Steps of the others towards their lowest energy, from the lowest point of a grid."""


@dataclass(frozen=True, eq=False)
class Cut:
    """Potential and kinetic energy along one coordinate.

    Attributes:
        number: number of the coordinate, k.
        path: where the cut leads, in ascending order of coordinate k, (M, Q).
        g_element: G_kk at these values of the coordinate and means of the others, (M,).
        softened: mean potential at these values of the coordinate, (M,) in hartree.
        energy: V above the minimum at points (P, Q), (P,) in hartree.
    """

    number: int
    path: Tensor
    g_element: Tensor
    softened: Tensor
    energy: Callable[[Tensor], Tensor]

    @property
    def points(self) -> Tensor:
        """Values of the coordinate, (M,)."""
        return self.path[:, self.number]

    def at(self, q: Tensor) -> tuple[Tensor, Tensor]:
        """V and G_kk at any values of the coordinate, (P,) each; constant beyond the ends.

        The path between its points is interpolated and V taken there: kinks of the path change V
        by their squares only, where the others are relaxed. Where the path jumps from one well to
        another, the others of the nearer end of the jump give a lower V.
        """
        inside = q.cpu().clamp(float(self.points[0]), float(self.points[-1]))
        table = torch.cat((self.path, self.g_element[:, None]), 1).numpy()
        moved = torch.from_numpy(PchipInterpolator(self.points.numpy(), table)(inside.numpy()))
        after = torch.searchsorted(self.points.contiguous(), inside).clamp(1, len(self.path) - 1)
        paths = [moved[:, :-1], self.path[after - 1].clone(), self.path[after].clone()]
        for path in paths:
            path[:, self.number] = inside
        energies = self.energy(torch.cat(paths)).reshape(3, -1)
        return energies.amin(0), moved[:, -1]

    def mean(self, q: Tensor) -> tuple[Tensor, Tensor]:
        """Mean potential and G_kk at any values of the coordinate, (P,) each; constant beyond."""
        inside = q.cpu().clamp(float(self.points[0]), float(self.points[-1])).numpy()
        v, g = (torch.from_numpy(curve(inside)) for curve in self._curves)
        return v, g

    @cached_property
    def _curves(self) -> tuple[CubicSpline, PchipInterpolator]:
        """Mean potential and G_kk as functions of the coordinate."""
        x = self.points.numpy()
        # Two derivatives are continuous, or quadratures in its eigenfunctions converge slowly.
        return CubicSpline(x, self.softened.numpy()), PchipInterpolator(x, self.g_element.numpy())

    @cached_property
    def fine(self) -> tuple[Tensor, Tensor, Tensor]:
        """Points, V and G_kk on an even grid, (801,) each."""
        x = torch.linspace(float(self.points[0]), float(self.points[-1]), FINE).double()
        return (x, *self.at(x))

    def reach(self, energy: float, decay: float) -> tuple[float, float]:
        """Ends at which a wavefunction of an energy has vanished.

        It falls as exp(−∫ √(2(V − E)/G) dq) beyond the outermost turning points (WKB).

        Args:
            energy: E above the minimum, hartree.
            decay: value of the integral to stop at; the probability beyond is about
                exp(−2 decay).
        """
        x, v, g = self.fine
        allowed = (v < energy).nonzero().flatten()
        first, last = int(allowed[0]), int(allowed[-1])
        slope = (2 * (v - energy).clamp(min=0) / g).sqrt() * (x[1] - x[0])
        upper = (slope[last:].cumsum(0) > decay).nonzero().flatten()
        lower = (slope[: first + 1].flip(0).cumsum(0) > decay).nonzero().flatten()
        low = x[first - int(lower[0])] if len(lower) else x[0]
        high = x[last + int(upper[0])] if len(upper) else x[-1]
        return float(low), float(high)

    def decay(self, energy: float, q: float) -> float:
        """∫ √(2(V − E)/G) dq from the nearer turning point out to q; zero where V < E."""
        x, v, g = self.fine
        allowed = x[v < energy]
        low, high = float(allowed[0]), float(allowed[-1])
        between = (x > min(q, high)) & (x < max(q, low)) & ((x < low) | (x > high))
        return float((2 * (v - energy).clamp(min=0) / g).sqrt()[between].sum() * (x[1] - x[0]))

    def nearer(self, energy: float, q: float, less: float) -> float:
        """The point inside q between which and q a wavefunction decays by so much.

        The lowest point of V where it decays by less on the whole way from there.
        """
        x, v, g = self.fine
        bottom = float(x[v.argmin()])
        way = ((x > min(q, bottom)) & (x < max(q, bottom))).nonzero().flatten()
        inwards = way.flip(0) if q > bottom else way
        slope = (2 * (v - energy).clamp(min=0) / g).sqrt()[inwards] * (x[1] - x[0])
        beyond = (slope.cumsum(0) > less).nonzero().flatten()
        return float(x[inwards[beyond[0]]]) if len(beyond) else bottom

    def wave_number(self, energy: float) -> float:
        """Largest √(2(E − V)/G): functions with nodes closer than π over it are not needed."""
        _, v, g = self.fine
        return float((2 * (energy - v).clamp(min=0) / g).sqrt().max())


def heights_above(system: System, base: float) -> Callable[[Tensor], Tensor]:
    """q (P, Q) to V above `base` (hartree), between 0 and `HIGH`."""
    return lambda q: (energies_or_infinite(system, q) - base).clamp(0.0, HIGH)


def relaxed_cuts(system: System, region: Region, bottom: Tensor) -> tuple[Cut, ...]:
    """Cuts along which the other coordinates take their lowest energy inside a region.

    The lowest points of the region's grid begin a few Newton steps in the other coordinates.
    """
    base = float(energies_or_infinite(system, bottom[None])[0])
    return tuple(
        _cut(system, _relaxed(system, _valley(region, k), k, region), k, base, region)
        for k in range(len(region.axes))
    )


def _cut(
    system: System,
    path: Tensor,
    k: int,
    base: float,
    region: Region,
) -> Cut:
    low, high = torch.tensor(region.limits, dtype=torch.float64).T
    energy = heights_above(system, base)
    path = _before_falling(path[energy(path) < HIGH], k, energy, region)
    # At linearity, where an angle ends, G is infinite.
    off_linear = _means(region, k, path[:, k]).clamp(low + OFF, high - OFF).to(system.device)
    with torch.no_grad():
        g = system.kinetic(off_linear)[0].detach()[:, k, k].cpu()
    return Cut(k, path, g, _softened(region, k, path[:, k], energy(path)), energy)


def _before_falling(
    path: Tensor, k: int, energy: Callable[[Tensor], Tensor], region: Region
) -> Tensor:
    """The part of a path that ends where, outside the region, V falls below its energy again."""
    reached = region.axes[k][region.inside.movedim(k, 0).flatten(1).any(1)]
    step = float(region.axes[k][1] - region.axes[k][0])
    value, v = path[:, k], energy(path)
    again = v < region.energy
    before = (again & (value < reached[0] - 1.5 * step)).nonzero().flatten()
    after = (again & (value > reached[-1] + 1.5 * step)).nonzero().flatten()
    first, last = 0, len(path) - 1
    if len(before):
        middle = int((value < reached[0]).sum())
        first = int(before[-1]) + int(v[int(before[-1]) : middle + 1].argmax())
    if len(after):
        middle = int((value <= reached[-1]).sum()) - 1
        last = middle + int(v[middle : int(after[0]) + 1].argmax())
    return path[first : last + 1]


def _softened(region: Region, k: int, values: Tensor, relaxed: Tensor) -> Tensor:
    """−kT ln Σ exp(−V/kT) over the grid of the other coordinates, (M,), zero at its lowest.

    Beyond the grid it rises as the relaxed cut does.
    """
    temperature, v = SOFT * region.energy, _met(region, k)
    mean = -temperature * torch.logsumexp(-v / temperature, 1)
    axis = region.axes[k]
    nearest = (values[:, None] - axis).abs().argmin(1)
    on_grid = ((values - axis[nearest]).abs() < (axis[1] - axis[0]) / 4).nonzero().flatten()
    at_edge = torch.arange(len(values)).clamp(int(on_grid[0]), int(on_grid[-1]))
    mean = mean[nearest].where(mean[nearest].isfinite(), relaxed)
    softened = relaxed + (mean - relaxed)[at_edge]
    return softened - softened.min()


def _means(region: Region, k: int, values: Tensor) -> Tensor:
    """Values of coordinate k, and of the others their mean over exp(−V/kT), (M, Q).

    The lowest path may jump between equal wells, and G with it: functions would have a corner
    there. Beyond the grid the others stay as they are at its edge.
    """
    weights = (-_met(region, k) / (COLD * region.energy)).exp()
    there = weights.sum(1).nonzero().flatten()
    row = there[(values[:, None] - region.axes[k][there]).abs().argmin(1)]
    shares = weights[row] / weights[row].sum(1, keepdim=True)
    others = [j for j in range(len(region.axes)) if j != k]
    places = torch.meshgrid([region.axes[j] for j in others], indexing="ij")
    means = torch.empty(len(values), len(region.axes), dtype=torch.float64)
    means[:, k] = values
    for j, place in zip(others, places, strict=True):
        means[:, j] = shares @ place.flatten()
    return means


def _met(region: Region, k: int) -> Tensor:
    """V on the grid of the other coordinates for each value of coordinate k, (M, P).

    Low places that the levels cannot reach count for nothing.
    """
    met = region.inside | (region.energies >= region.energy)
    return region.energies.where(met, torch.inf).movedim(k, 0).flatten(1)


def _valley(region: Region, k: int) -> Tensor:
    """Lowest point of the grid for each value of coordinate k, (M, Q).

    Outside the region the others stay where they were at the nearest value inside, and the values
    of k go on at the same distances towards its limits.
    """
    v = torch.where(region.inside, region.energies, torch.inf).movedim(k, 0).flatten(1)
    lowest, at = v.min(1)
    inside = lowest.isfinite().nonzero().flatten()
    values = _extended(region.axes[k], region.limits[k])
    number = inside[(values[:, None] - region.axes[k][inside]).abs().argmin(1)]
    others = [j for j in range(len(region.axes)) if j != k]
    places = unraveled(at, [len(region.axes[j]) for j in others])
    path = torch.empty(len(values), len(region.axes), dtype=torch.float64)
    path[:, k] = values
    for j, place in zip(others, places, strict=True):
        path[:, j] = region.axes[j][place[number]]
    return path


def _extended(axis: Tensor, limits: tuple[float, float]) -> Tensor:
    """The values of an axis and as many more on either side, as far as the limits."""
    step = float(axis[1] - axis[0])
    more = step * torch.arange(1, len(axis) + 1, dtype=torch.float64)
    values = torch.cat(((axis[0] - more).flip(0), axis, axis[-1] + more))
    within = (values > limits[0] + step / 4) & (values < limits[1] - step / 4)
    ends = [e for e in limits if values[0] < e + step / 4 and e - step / 4 < values[-1]]
    return torch.cat((values[within], values.new_tensor(ends))).sort().values


def _relaxed(system: System, path: Tensor, k: int, region: Region) -> Tensor:
    """The path lowered in all coordinates but k; differences are over a sixtieth of each axis."""
    step = torch.stack([(axis[-1] - axis[0]) / 60 for axis in region.axes])
    others = [j for j in range(len(step)) if j != k]
    return relaxed_points(
        system, path, others, region.limits, step=step, farthest=20 * step, steps=NEWTON_STEPS
    )
