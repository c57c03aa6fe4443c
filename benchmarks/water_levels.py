"""Levels of water on a published surface: accuracy, CPU seconds, memory.

    python benchmarks/water_levels.py --threads 1

Twenty levels within 0.01 cm⁻¹ of an independent calculation, from 8·8·13 functions on
16·16·17 points. Why these sizes:

- 8 stretching functions hold four quanta of stretch (the highest here has two) to 0.003;
  13 bending functions are needed by the level at 8851 cm⁻¹ with its six quanta of bend,
  which 12 leave 0.04 too high.
- A contracted quadrature must be about twice the number of stretching functions: its error
  is not variational and falls irregularly; at 15 points and a range of 0.70 to 1.60 Å it
  is 0.18.
- The range of 0.65 to 1.65 Å keeps away from the holes of the polynomial below 0.6 Å.

The imports are timed on their own; the first call of every function is in the times.
"""

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    from pes.vibration import Coordinate, Levels, System

LEVELS = [
    1594.6586, 3151.4938, 3657.1104, 3755.8298, 4666.838, 5234.925, 5331.361, 6133.088, 6775.176,
    6871.550, 7202.142, 7249.846, 7444.667, 7536.651, 8273.822, 8373.937, 8761.727, 8806.777,
    8851.342,
]  # fmt: skip
"""cm⁻¹ above the ground state on the surface of Polyansky, Jensen and Tennyson (1996), from an
independent program with another basis, converged to 0.0005."""
ZERO_POINT = 4634.7648
HEAVY_WATER = [3387.203, 1178.291, 2336.622, 2670.851, 2786.730, 3474.322]
"""D2O: zero-point energy, then five levels above it."""
MASS_SCALE = [-2280.99, -3050.43, -3780.34, -4024.34, -4067.86]
"""dE/d ln μ of the lowest five, all masses scaled together, by central differences; cm⁻¹."""
BOND_LENGTH = [-791.71, -2404.21, -3900.73]
"""dE/dr_e, cm⁻¹/Å."""
OXYGEN_MASS = [-8.36679, -11.96513]
"""dE/dm_O, cm⁻¹/u."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Levels of water: accuracy and cost.")
    parser.add_argument("--threads", type=int, default=1, help="of the linear algebra")
    return parser.parse_args()


def timed(work: Callable[[], "Levels"]) -> tuple["Levels", float, float]:
    """Result, CPU seconds, wall seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    return result, time.process_time() - cpu, time.perf_counter() - wall


def peak_memory() -> float:
    """MiB held at most so far (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Run and print."""
    threads = str(arguments().threads)
    # Read once, when NumPy and torch load: hence the imports below.
    os.environ.update(OMP_NUM_THREADS=threads, OPENBLAS_NUM_THREADS=threads)
    cpu, wall = time.process_time(), time.perf_counter()
    from pes.molecule import Molecule
    from pes.potential.analytic import WaterPJT

    surface = WaterPJT()
    masses = Molecule(("O", "H", "H")).masses
    coordinates, system, heavy = problem(surface, masses)
    print(f"imports: {time.process_time() - cpu:.2f} s CPU, {time.perf_counter() - wall:.2f} s; ")
    unwanted = {"ase", "matplotlib", "torch._dynamo"} & set(sys.modules)
    print(f"unwanted modules: {', '.join(unwanted) or 'none'}")
    before = peak_memory()
    report(coordinates, system, heavy)
    print(f"peak memory: {peak_memory():.0f} MiB, {before:.0f} of it before the first level")
    derivatives(surface, masses, coordinates, system)


def problem(
    surface: "Callable[[Tensor], Tensor]", masses: "Tensor"
) -> "tuple[list[Coordinate], System, System]":
    """Coordinates, H2O, D2O."""
    from pes.coordinates import Valence
    from pes.molecule import Molecule
    from pes.units import ANGSTROM, DEGREE
    from pes.vibration import Coordinate, molecular

    low, high = 0.65 * ANGSTROM, 1.65 * ANGSTROM
    coordinates = [
        Coordinate("sinc", low, high, 8, points=16, primitives=40, name="r1"),
        Coordinate("sinc", low, high, 8, points=16, primitives=40, name="r2"),
        Coordinate(
            "legendre", 40 * DEGREE, 180 * DEGREE, 13, points=17, primitives=36, name="theta"
        ),
    ]
    to_positions = Valence(0, (1, 2)).to_positions
    deuterium = Molecule(("O", "D", "D")).masses
    return (
        coordinates,
        molecular(surface, to_positions, masses),
        molecular(surface, to_positions, deuterium),
    )
