"""Functions and points where one coordinate of four atoms is of large amplitude.

Lengths, angles and the inversion or torsion itself have functions of straight cuts through the
minimum, made self-consistent. Products are kept up to an energy: a torsion has many functions
below it, a stretch of hydrogen few.
"""

from dataclasses import dataclass, replace
from math import ceil, floor, pi

import torch
from torch import Tensor

from pes.setup.automatic.quanta.product_points import ProductPoints
from pes.setup.automatic.request import Target
from pes.vibration.basis.contraction import contract
from pes.vibration.basis.primitives import PRIMITIVES
from pes.vibration.basis.product_tree import within_energy
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.basis.truncation import Truncation
from pes.vibration.system.cuts import HIGH, OFF, Cut, heights_above
from pes.vibration.system.region import energies_or_infinite
from pes.vibration.system.system import System

__all__ = ["WideGrid", "wide_grid"]

SAMPLES = 401
"""Points of a cut."""

DECAY = 7.0
"""Value of ∫ √(2(V − E)/G) dq at which ranges end; see `Cut.reach`."""

ROUNDED = 1e-3
"""Bohr or radians that ends are multiples of, so that those of like coordinates are equal."""

ALIKE = 0.02
"""Part of its width by which ranges of like coordinates may differ and become one."""

PRIMITIVE = 61
"""Sinc functions that those of a coordinate are combinations of."""

TURN = 121
"""Waves of a full turn, at most."""

MIRRORS = {"azimuth": 0.0, "angle": pi / 2, "normal": 0.0}
"""Values where coordinates of a kind may turn the molecule into an image of itself."""

SAME = 1e-5
"""Hartree that V may differ by at both sides of such a value, from the search for the minimum."""

FEWEST = 3
"""Functions of each coordinate, at least."""

SURPLUS = 2
"""Points beyond the functions of a coordinate."""

WAVES = 6
"""Waves of a full turn beyond its functions, at least; its points are as many."""

WAVE_ERROR = 1e-4
"""Error of a function of a torsion by the waves left out, in units of its energy above the lowest
V."""


@dataclass(frozen=True)
class WideGrid(ProductPoints):
    """Self-consistent functions of lengths and angles on all products of quadrature points.

    Attributes:
        specs: ranges and primitive functions of each coordinate.
        ladders: energies of these functions above the lowest, hartree.
        waves: number of waves that one, two, … functions of a torsion need; empty for other
            coordinates. In deep wells, which are narrow, they are far more than the functions.
        unit: energy of one quantum, hartree.
        quanta: energy up to which products are kept, in units.
    """

    specs: tuple[BasisSpec, ...]
    ladders: tuple[tuple[float, ...], ...]
    waves: tuple[tuple[int, ...], ...]
    unit: float
    quanta: float

    @property
    def bases(self) -> tuple[BasisSpec, ...]:
        """Functions below the energy and one more, of each coordinate."""
        return tuple(map(self._sized, self.specs, self.ladders, self.waves))

    def _sized(
        self, spec: BasisSpec, ladder: tuple[float, ...], waves: tuple[int, ...]
    ) -> BasisSpec:
        below = sum(e <= self.quanta * self.unit for e in ladder)
        if spec.basis == "fourier":
            # Odd: sine and cosine of every wave.
            n = below + 1 - below % 2
            taken = waves[min(n, len(waves)) - 1]
            return replace(spec, functions=n, primitives=max(n + WAVES, taken))
        n = min(max(below + 1, FEWEST), spec.primitives - SURPLUS)
        return replace(spec, functions=n, points=n + SURPLUS)

    @property
    def truncation(self) -> Truncation:
        """The limit on products of functions."""
        return Truncation(energy=self.quanta * self.unit, self_consistent=True)

    @property
    def functions(self) -> int:
        """Number of products kept, before functions are made self-consistent."""
        ladders = [
            torch.tensor(e[: b.functions]) for e, b in zip(self.ladders, self.bases, strict=True)
        ]
        return len(within_energy(ladders, self.quanta * self.unit))

    def highest(self, target: Target, count: int) -> float:
        """Quanta of the highest level, uncoupled."""
        if target.energy is not None:
            return target.energy / self.unit
        limit = self.unit
        while True:
            sums = torch.zeros(1, dtype=torch.float64)
            for ladder in self.ladders:
                sums = (sums[:, None] + torch.tensor(ladder, dtype=torch.float64)).flatten()
                sums = sums[sums <= limit]
            if len(sums) >= count:
                return float(sums.sort().values[count - 1]) / self.unit
            limit += self.unit

    def with_quanta(self, quanta: float) -> "WideGrid":
        """The same up to another number of quanta."""
        return replace(self, quanta=quanta)

    def narrower(self) -> "WideGrid":
        """The same with each range 5 % shorter at both ends, but for a full turn."""
        return replace(self, specs=tuple(spec.narrowed() for spec in self.specs))


def wide_grid(target: Target, top: float) -> WideGrid:
    """The grid of two quanta, in ranges for levels up to an energy.

    A quantum is the median of the lowest excitations of single coordinates: bends, in hydrides.

    Args:
        target: target in lengths, angles, azimuths and dihedrals.
        top: energy of the highest level above the minimum, hartree.
    """
    start = target.wells[0].cpu()
    cuts = [
        _straight_cut(target.system, start, k, ends, 0.0 if kind == "dihedral" else OFF)
        for k, (kind, ends) in enumerate(zip(target.kinds, target.limits, strict=True))
    ]
    specs = [
        BasisSpec("fourier", *ends, 1, None, TURN, name)
        if kind == "dihedral"
        else BasisSpec("sinc", *ends, 1, None, PRIMITIVE, name)
        for name, kind, ends in zip(
            target.names, target.kinds, _ranges(target, cuts, top), strict=True
        )
    ]
    pairs = list(zip(cuts, specs, strict=True))
    ladders = [_ladder(cut, spec, target.cap) for cut, spec in pairs]
    waves = [_waves(c, s, target.cap) if s.basis == "fourier" else () for c, s in pairs]
    steps = sorted(ladder[1] for ladder in ladders)
    unit = steps[(len(steps) - 1) // 2]
    return WideGrid(tuple(specs), tuple(ladders), tuple(waves), unit, 2.0)


def _straight_cut(
    system: System, start: Tensor, k: int, limits: tuple[float, float], off: float
) -> Cut:
    """V and G along one coordinate, as far as V is that of a bound molecule.

    Ends are left by `off`, where G may be infinite.
    """
    energy = heights_above(system, float(energies_or_infinite(system, start[None])[0]))
    path = start.repeat(SAMPLES, 1)
    path[:, k] = torch.linspace(limits[0] + off, limits[1] - off, SAMPLES, dtype=torch.float64)
    v = energy(path)
    high = v >= HIGH
    first = (high & (path[:, k] < start[k])).nonzero().flatten()
    last = (high & (path[:, k] > start[k])).nonzero().flatten()
    low_end, high_end = int(first[-1]) + 1 if len(first) else 0, int(last[0]) if len(last) else None
    path, v = path[low_end:high_end], v[low_end:high_end]
    with torch.no_grad():
        g = system.kinetic(path.to(system.device))[0].detach()[:, k, k].cpu()
    return Cut(k, path, g, v, energy)


def _ranges(target: Target, cuts: list[Cut], top: float) -> list[tuple[float, float]]:
    """Ends where the highest level has died out, equal for like coordinates and about mirrors."""
    ends = [
        _ends(cut, kind, limits, top)
        for cut, kind, limits in zip(cuts, target.kinds, target.limits, strict=True)
    ]
    joined = []
    for (low, high), kind in zip(ends, target.kinds, strict=True):
        near = [
            (a, b)
            for (a, b), other in zip(ends, target.kinds, strict=True)
            if other == kind and abs(a - low) + abs(b - high) < ALIKE * (high - low)
        ]
        joined.append((min(a for a, _ in near), max(b for _, b in near)))
    return joined


def _ends(cut: Cut, kind: str, limits: tuple[float, float], top: float) -> tuple[float, float]:
    """Ends of one coordinate, rounded outwards; a mirror in the middle stays there."""
    if kind == "dihedral":
        return 0.0, 2 * pi
    low, high = cut.reach(top, DECAY)
    low, high = floor(low / ROUNDED) * ROUNDED, ceil(high / ROUNDED) * ROUNDED
    middle = MIRRORS.get(kind)
    if middle is not None and _mirrored(cut, middle):
        beyond = min(max(middle - low, high - middle), middle - limits[0], limits[1] - middle)
        return middle - beyond, middle + beyond
    return max(low, limits[0]), min(high, limits[1])


def _mirrored(cut: Cut, middle: float) -> bool:
    """Whether V is the same on both sides of a value."""
    x, v, _ = cut.fine
    both = (2 * middle - x > x[0]) & (2 * middle - x < x[-1])
    return bool(((cut.at(2 * middle - x[both])[0] - v[both]).abs() < SAME).all())


def _ladder(cut: Cut, spec: BasisSpec, cap: float) -> tuple[float, ...]:
    """Energies of the functions of one coordinate above the lowest, hartree."""
    every = spec.primitives if spec.basis == "fourier" else spec.primitives - SURPLUS
    energies = _energies(cut, spec, every, cap)
    return tuple((energies - energies[0]).tolist())


def _waves(cut: Cut, spec: BasisSpec, cap: float) -> tuple[int, ...]:
    """Waves that the lowest one, two, … functions of a full turn take."""
    exact = _energies(cut, spec, spec.primitives, cap)
    taken: list[int] = []
    for size in range(1, spec.primitives, 2):
        fewer = _energies(cut, replace(spec, primitives=size), size, cap)
        good = (fewer - exact[:size]).abs() < WAVE_ERROR * exact[:size]
        taken += [size] * (int(good.cumprod(0).sum()) - len(taken))
    return tuple(taken)


def _energies(cut: Cut, spec: BasisSpec, functions: int, cap: float) -> Tensor:
    """Energies of functions of one coordinate, hartree."""
    primitive = PRIMITIVES[spec.basis](spec.low, spec.high, spec.primitives)
    v, g = cut.mean(primitive.points)
    ends = (spec.low, spec.high)
    return contract(primitive, v.clamp(max=cap), g, functions, range=ends).energies
