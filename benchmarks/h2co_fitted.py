"""Levels of formaldehyde on surfaces that agree on their test points, and how far they differ.

    python benchmarks/h2co_fitted.py h2co_ccsdt_avtz_4001.npz

Linear surfaces of two degrees are fitted to the 4,001 CCSD(T)-F12B energies of MMunibas/KerNN
(3200/400/401). The points reach less far than the ground state does, so the ranges go beyond them
by --widen of their span at each end. For each level: the energies on both
surfaces, their difference, and the probability outside the sampled region (`!` from 1 %), where
nothing but extrapolation is known of the surface.
"""

import argparse
import resource
import time
from pathlib import Path

import torch
from fits import h2co, rmse
from torch import Tensor

from pes.coordinates import ZMatrix
from pes.data import Dataset
from pes.descriptors import Invariants
from pes.molecule import Molecule
from pes.potential import LinearSurface, linear_surface
from pes.potential.coverage import Coverage
from pes.units import CM1
from pes.vibration import Coordinate, Levels, levels, molecular

ZMATRIX = ZMatrix((("C",), ("O", 0), ("H", 0, 1), ("H", 0, 1, 2)))
LENGTH = 2.0
FAR = 0.01


def coordinates(positions: Tensor, points: int, widen: float) -> list[Coordinate]:
    """Bases over the training points and a share of their range beyond, at each end."""
    q = ZMATRIX.from_positions(positions)
    low, high = q.amin(0), q.amax(0)
    margin = widen * (high - low)
    ends = zip(ZMATRIX.names, (low - margin).tolist(), (high + margin).tolist(), strict=True)
    return [Coordinate("sinc", low, high, points - 1, points, 61, n) for n, low, high in ends]


def outside(found: Levels, coverage: Coverage) -> Tensor:
    """Probability (S,) of each level farther from the training points than they lie apart."""
    densities = found.densities
    # Where no level is, nothing is asked: distances cost more than the surface.
    asked = densities.amax(0) > 1e-9
    far = coverage(found.system.positions(found.points[asked])) > 1
    return densities[:, asked] @ far.double()


def main() -> None:
    """Fit, solve, compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("path", type=Path)
    parser.add_argument("--degrees", type=int, nargs=2, default=(6, 8))
    parser.add_argument("--widen", type=float, default=0.3)
    parser.add_argument("--quanta", type=int, default=6)
    parser.add_argument("--points", type=int, default=9)
    parser.add_argument("--levels", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    train, _, test = h2co(given.path)
    masses = Molecule(train.symbols).masses
    coverage = Coverage(train.symbols, train.positions)
    # Beyond the points a surface may fall below its own minimum: the well is where they are.
    lowest = ZMATRIX.from_positions(train.positions[train.energies.argmin()])
    cpu, rows = time.process_time(), []
    for degree in given.degrees:
        surface = _fitted(degree, train, test)
        system = molecular(surface, ZMATRIX.to_positions, masses)
        found = levels(
            system, coordinates(train.positions, given.points, given.widen), given.levels,
            quanta=given.quanta, convergence="smaller", reference=lowest,
        )  # fmt: skip
        print(f"  {found.hamiltonian.size} functions on {len(found.points)} points")
        print("".join(f"  warning: {text}\n" for text in found.warnings), end="")
        energies = [found.zero_point_energy / CM1, *(found.excitations[1:] / CM1).tolist()]
        rows.append((energies, (found.convergence / CM1).tolist(), outside(found, coverage)))
    _table(rows, given.degrees)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{time.process_time() - cpu:.0f} CPU-s, {peak:.0f} MiB, {given.threads} threads")


def _fitted(degree: int, train: Dataset, test: Dataset) -> LinearSurface:
    descriptor = Invariants(train.symbols, degree, length=LENGTH)
    surface = linear_surface(descriptor, train.positions, train.energies)
    print(f"degree {degree}: {descriptor.size} terms, test RMSE {rmse(surface, test):.4f} cm-1")
    return surface.requires_grad_(False)


def _table(rows: list[tuple[list[float], list[float], Tensor]], degrees: tuple[int, int]) -> None:
    names = [f"degree {degree}" for degree in degrees]
    print(f"level {names[0]:>11} {names[1]:>11} difference  converged  outside")
    (first, estimate, far), (second, other_estimate, other_far) = rows
    for n, (a, b) in enumerate(zip(first, second, strict=True)):
        probability = float(torch.maximum(far, other_far)[n])
        mark = "!" if probability > FAR else ""
        converged = max(estimate[n], other_estimate[n])
        print(
            f"{n:5d} {a:11.3f} {b:11.3f} {b - a:+10.3f} {converged:10.3f} {probability:8.4f}{mark}"
        )


if __name__ == "__main__":
    main()
