"""Levels of formaldehyde on surfaces that agree on their test points, and how far they differ.

    python benchmarks/h2co_fitted.py h2co_ccsdt_avtz_4001.npz

Linear surfaces of two degrees are fitted to the 4,001 CCSD(T)-F12B energies of MMunibas/KerNN
(3200/400/401). Each is solved in curvilinear normal coordinates of its own minimum, as far as
--limit, or until V on the way there passes --reach. For each level: the energies on both surfaces,
their difference, how far they are from converged, and the probability outside the sampled region
(`!` from 1 %), where nothing but extrapolation is known of the surface.

Degrees 6 and 8 err by 0.0039 and 0.0008 cm⁻¹ on the test points, and thirty levels, converged to
0.4 (up to 2,000 cm⁻¹) or 3.2, are up to 16 cm⁻¹ apart: bends reach q = 1.5 in the points, 4 in
the ranges. All levels are flagged, 38 to 82 % of each being outside. That number tells which are
worst: the half of the levels with more of it differ by 6.1 cm⁻¹ (median), the others by 1.5.
"""

import argparse
import resource
import time
from pathlib import Path
from typing import NamedTuple

import torch
from fits import h2co, rmse
from torch import Tensor

from pes.coordinates import Curvilinear, ZMatrix, curvilinear, hessian, normal_modes, optimum
from pes.data import Dataset
from pes.descriptors import Invariants
from pes.molecule import Molecule
from pes.potential import LinearSurface, linear_surface
from pes.potential.holes.coverage import Coverage
from pes.units import CM1
from pes.vibration import BasisSpec, Levels, molecular, vibrational_levels
from pes.vibration.basis.truncation import Truncation
from pes.vibration.system.minimum import reach

ZMATRIX = ZMatrix((("C",), ("O", 0), ("H", 0, 1), ("H", 0, 1, 2)))
LENGTH = 2.0
FAR = 0.01


class Solved(NamedTuple):
    """Of one surface, (S,) each: cm⁻¹, but for the probability outside."""

    energies: Tensor
    convergence: Tensor
    outside: Tensor


def outside(found: Levels, coverage: Coverage) -> Tensor:
    """Probability (S,) of each level farther from the training points than they lie apart."""
    densities = found.densities
    # Where no level is, nothing is asked: distances cost more than the surface.
    asked = densities.amax(0) > 1e-8
    far = coverage(found.positions[asked]) > 1
    return densities[:, asked] @ far.double()


def main() -> None:
    """Fit, solve, compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("path", type=Path)
    parser.add_argument("--degrees", type=int, nargs=2, default=(6, 8))
    parser.add_argument("--reach", type=float, default=25000, help="of cuts, cm-1")
    parser.add_argument("--limit", type=float, default=4.0, help="of each coordinate")
    parser.add_argument("--quanta", type=int, default=8)
    parser.add_argument("--functions", type=int, nargs=6, default=(8, 8, 7, 7, 6, 7))
    parser.add_argument("--points", type=int, nargs=6, default=(10, 10, 9, 9, 8, 9))
    parser.add_argument("--levels", type=int, default=30)
    parser.add_argument("--fast", action="store_true", help="without the smaller runs to compare")
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    train, _, test = h2co(given.path)
    coverage = Coverage(train.symbols, train.positions)
    cpu = time.process_time()
    first, second = (
        _solved(_fitted(degree, train, test), train, coverage, given) for degree in given.degrees
    )
    _table(first, second, given.degrees)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{time.process_time() - cpu:.0f} CPU-s, {peak:.0f} MiB, {given.threads} threads")


def _fitted(degree: int, train: Dataset, test: Dataset) -> LinearSurface:
    descriptor = Invariants(train.symbols, degree, length=LENGTH)
    surface = linear_surface(descriptor, train.positions, train.energies)
    print(f"degree {degree}: {descriptor.size} terms, test RMSE {rmse(surface, test):.4f} cm-1")
    return surface.requires_grad_(False)


def _coordinates(surface: LinearSurface, train: Dataset, masses: Tensor) -> Curvilinear:
    x = optimum(surface, train.positions[train.energies.argmin()])
    return curvilinear(ZMATRIX, normal_modes(x, hessian(surface, x), masses))


def _solved(
    surface: LinearSurface, train: Dataset, coverage: Coverage, given: argparse.Namespace
) -> Solved:
    masses = Molecule(train.symbols).masses
    internal = _coordinates(surface, train, masses)
    system = molecular(surface, internal.to_positions, masses)
    zero = torch.zeros(6, dtype=torch.float64)
    ends = reach(system, zero, [(-given.limit, given.limit)] * 6, given.reach * CM1)
    known = internal.from_positions(train.positions, masses)
    rows = zip(internal.names, ends, given.functions, given.points, strict=True)
    found = vibrational_levels(
        system, [BasisSpec("sinc", *range, n, m, 41, k) for k, range, n, m in rows], given.levels,
        truncation=Truncation(given.quanta, self_consistent=True),
        convergence=not given.fast and "smaller", reference=zero,
    )  # fmt: skip
    print(f"  {found.hamiltonian.size} functions on {len(found.points)} points")
    for k, (low, high) in enumerate(ends):
        sampled = f"{float(known[:, k].min()):+.2f} to {float(known[:, k].max()):+.2f}"
        print(f"  {internal.names[k]}: {low:+.2f} to {high:+.2f}, training points {sampled}")
    print("".join(f"  warning: {text}\n" for text in found.warnings), end="")
    energies = torch.cat((found.excitations.new_tensor([found.zero_point_energy]),
                          found.excitations[1:])) / CM1  # fmt: skip
    return Solved(energies, found.convergence / CM1, outside(found, coverage))


def _table(first: Solved, second: Solved, degrees: tuple[int, int]) -> None:
    names = [f"degree {degree}" for degree in degrees]
    print(f"level {names[0]:>11} {names[1]:>11} difference  converged  outside")
    apart = second.energies - first.energies
    probability = torch.maximum(first.outside, second.outside)
    converged = torch.maximum(first.convergence, second.convergence)
    for n, far in enumerate(probability.tolist()):
        mark = "!" if far > FAR else ""
        print(
            f"{n:5d} {float(first.energies[n]):11.3f} {float(second.energies[n]):11.3f} "
            f"{float(apart[n]):+10.3f} {float(converged[n]):10.3f} {far:8.4f}{mark}"
        )
    flagged, sizes = int((probability > FAR).sum()), apart.abs()
    print(f"{flagged} of {len(apart)} levels flagged")
    print(f"difference {float(sizes.median()):.3f} cm-1 (median), {float(sizes.max()):.3f} (most)")
    farther = probability > probability.median()
    print(
        f"  {float(sizes[farther].median()):.3f} (median) for the half of the levels with more "
        f"outside, {float(sizes[~farther].median()):.3f} for the others"
    )


if __name__ == "__main__":
    main()
