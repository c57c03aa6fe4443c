"""Levels of a linear triatomic in three coordinate systems, which must agree.

    python benchmarks/linear_triatomic.py --threads 1

The surface is `carbon_dioxide_model` of `pes.potential.analytic`: two Morse bonds, a bend in
1 + cos α, and what couples them.

All are the l = 0 levels of J = 0. In each of the coordinate systems linearity, where √det g
vanishes as a sine does, is the end of the range of an angle in Legendre functions with the
weight ρ = sin θ:

- valence: two bonds and their angle;
- radau: the same from the canonical point;
- jacobi: r from the middle atom to an end, R from their centre of mass to the other end, and
  the angle between. The other choice, r from end to end, puts the middle atom close to the
  centre of mass, where R passes through zero.
"""

import argparse
import os
import resource
import sys
import time

parser = argparse.ArgumentParser(description="Levels of a linear triatomic.")
parser.add_argument("--threads", type=int, default=1, help="of the linear algebra")
THREADS = str(parser.parse_args().threads)
# Read once, when NumPy and torch load.
os.environ.update(OMP_NUM_THREADS=THREADS, OPENBLAS_NUM_THREADS=THREADS, MKL_NUM_THREADS=THREADS)

import torch  # noqa: E402

from pes.coordinates import Internal, Jacobi, Radau, Valence  # noqa: E402
from pes.molecule import Molecule  # noqa: E402
from pes.potential.analytic.triatomic import CarbonDioxideModel  # noqa: E402
from pes.units import ANGSTROM, CM1, DEGREE  # noqa: E402
from pes.vibration import BasisSpec, Levels, molecular, vibrational_levels  # noqa: E402

COUNT = 21
SURFACE = CarbonDioxideModel().requires_grad_(False)
# C, O, O: the middle atom is the first.
MASSES = Molecule(SURFACE.symbols).masses


def stretch(low: float, high: float, functions: int, name: str) -> BasisSpec:
    """Sinc functions from low to high, Å."""
    ends = low * ANGSTROM, high * ANGSTROM
    return BasisSpec("sinc", *ends, functions, points=functions + 12, primitives=70, name=name)


def bend(low: float, high: float, functions: int) -> BasisSpec:
    """Legendre functions between low and high, degrees."""
    ends = low * DEGREE, high * DEGREE
    return BasisSpec(
        "legendre", *ends, functions, points=functions + 8, primitives=60, name="theta"
    )


SYSTEMS: dict[str, tuple[Internal, tuple[BasisSpec, ...]]] = {
    "valence": (
        Valence(0, (1, 2)),
        (stretch(0.9, 1.6, 16, "r1"), stretch(0.9, 1.6, 16, "r2"), bend(90, 180, 12)),
    ),
    "radau": (
        Radau(0, (1, 2)),
        (stretch(0.75, 1.6, 19, "R1"), stretch(0.75, 1.6, 19, "R2"), bend(95, 180, 17)),
    ),
    # r from O to C, R from their centre of mass to the other O, which is beyond C.
    "jacobi": (
        Jacobi(2, (1, 0)),
        (stretch(0.9, 1.6, 18, "r"), stretch(1.0, 2.15, 22, "R"), bend(0, 85, 13)),
    ),
}


def solved(name: str) -> Levels:
    """Levels in one system, with what they cost."""
    internal, wanted = SYSTEMS[name]
    cpu, wall = time.process_time(), time.perf_counter()
    found = vibrational_levels(
        molecular(SURFACE, internal.to_positions, MASSES), wanted, COUNT, convergence=False
    )
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    grid = " x ".join(map(str, found.hamiltonian.basis.grid_shape))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak = peak / (2**20 if sys.platform == "darwin" else 2**10)
    print(
        f"{name:8s} N = {found.hamiltonian.size}, grid {grid}, {found.eigenpairs.solver}, "
        f"{THREADS} thread(s): {cpu:.2f} s CPU, {wall:.2f} s, peak so far {peak:.0f} MiB"
    )
    for warning in found.warnings:
        print(f"  {warning}")
    return found


def main() -> None:
    """Run and print."""
    torch.set_num_threads(int(THREADS))
    found = [solved(name) for name in SYSTEMS]
    tables = [[f.zero_point_energy / CM1, *(f.excitations[1:] / CM1).tolist()] for f in found]
    print("\n" + "".join(f"{name:>13s}" for name in SYSTEMS) + f"{'spread':>10s}  quanta")
    quanta = found[0].leading[0].tolist()
    spreads = [max(row) - min(row) for row in zip(*tables, strict=True)]
    for row, spread, q in zip(zip(*tables, strict=True), spreads, quanta, strict=True):
        print("".join(f"{e:13.4f}" for e in row) + f"{spread:10.5f}  {' '.join(map(str, q))}")
    print(f"largest spread {max(spreads):.5f} cm-1 (first row: zero-point energy)")
    print("l = 0 only: one quantum of the bend has l = 1 and no level at J = 0")


if __name__ == "__main__":
    main()
