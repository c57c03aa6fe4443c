"""Thirty levels of formaldehyde on a model surface, each with three measured changes.

    python benchmarks/h2co_levels.py --quanta 9 --points 11 --compare

The surface is `pes.potential.formaldehyde`. Coordinates: a Z-matrix, C and O, then both hydrogens
with their angles to O and one dihedral between them. With 9 quanta the changes reach 3.6 cm⁻¹ among
thirty levels, nearly all of it from products left out: that is not 0.1 cm⁻¹.
"""

import argparse
import os
import resource
import sys
import time

parser = argparse.ArgumentParser(description="Levels of formaldehyde: convergence and cost.")
parser.add_argument("--threads", type=int, default=1, help="of the linear algebra")
parser.add_argument("--quanta", type=float, default=9, help="of the products kept")
parser.add_argument("--points", type=int, default=11, help="of each coordinate")
parser.add_argument("--levels", type=int, default=30, help="with the ground state")
parser.add_argument("--compare", action="store_true", help="with three smaller runs")
parser.add_argument("--vscf", action="store_true", help="self-consistent modals")
parser.add_argument("--weights", type=float, nargs=6, help="of the quanta of each coordinate")
parser.add_argument("--energy", type=float, help="limit of the products, cm-1, instead of quanta")
parser.add_argument("--groups", type=float, help="contract stretches and bends up to this, cm-1")
OPTIONS = parser.parse_args()
THREADS = str(OPTIONS.threads)
# Read once, when NumPy and torch load.
os.environ.update(OMP_NUM_THREADS=THREADS, OPENBLAS_NUM_THREADS=THREADS, MKL_NUM_THREADS=THREADS)

import torch  # noqa: E402

from pes.coordinates import ZMatrix  # noqa: E402
from pes.molecule import Molecule  # noqa: E402
from pes.potential.formaldehyde import FormaldehydeModel  # noqa: E402
from pes.units import ANGSTROM, CM1, DEGREE  # noqa: E402
from pes.vibration import Coordinate, Levels, levels, molecular  # noqa: E402
from pes.vibration.products import GroupSize, Products  # noqa: E402

OBSERVED = {"wag": 1167.3, "rock": 1249.1, "HCH": 1500.2, "CO": 1746.0, "CH": 2782.5, "CH'": 2843.3}
ZMATRIX = ZMatrix((("C",), ("O", 0), ("H", 0, 1), ("H", 0, 1, 2)))


def coordinates(points: int) -> tuple[Coordinate, ...]:
    """One basis for each, one function fewer than points."""
    wanted = []
    for name, kind, (low, high) in zip(
        ZMATRIX.names, ZMATRIX.kinds, FormaldehydeModel.ranges, strict=True
    ):
        size = ANGSTROM if kind == "length" else DEGREE
        wanted.append(Coordinate("sinc", low * size, high * size, points - 1, points, 61, name))
    return tuple(wanted)


def products() -> Products:
    """As the options say."""
    groups = ()
    if OPTIONS.groups:
        groups = (GroupSize((0, 1, 3), OPTIONS.groups * CM1),
                  GroupSize((2, 4, 5), OPTIONS.groups * CM1))  # fmt: skip
    weights = None if OPTIONS.weights is None else tuple(OPTIONS.weights)
    if OPTIONS.energy is not None:
        return Products(energy=OPTIONS.energy * CM1, groups=groups, self_consistent=OPTIONS.vscf)
    return Products(OPTIONS.quanta, weights, groups=groups, self_consistent=OPTIONS.vscf)


def table(found: Levels) -> None:
    """Levels, their estimates and the three changes."""
    print(f"{'level':>5s} {'cm-1':>10s} {'estimate':>9s} {'a':>8s} {'b':>8s} {'c':>8s}")
    energies = [found.zero_point_energy / CM1, *(found.excitations[1:] / CM1).tolist()]
    for n, energy in enumerate(energies):
        changes = " ".join(f"{float(x) / CM1:8.4f}" for x in found.changes[:, n])
        print(f"{n:5d} {energy:10.4f} {float(found.convergence[n]) / CM1:9.4f} {changes}")


def peak_memory() -> float:
    """MiB (Linux counts in KiB, macOS in bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> None:
    """Run and print."""
    torch.set_num_threads(int(THREADS))
    surface = FormaldehydeModel()
    masses = Molecule(surface.symbols).masses
    system = molecular(surface, ZMATRIX.to_positions, masses)
    cpu, wall = time.process_time(), time.perf_counter()

    def stage(name: str) -> None:
        used = time.process_time() - cpu
        print(f"{used:8.1f} s CPU  {peak_memory():6.0f} MiB  begins: {name}", flush=True)

    found = levels(
        system, coordinates(OPTIONS.points), OPTIONS.levels, products=products(),
        convergence=OPTIONS.compare and "smaller", progress=stage,
    )  # fmt: skip
    h, pairs = found.hamiltonian, found.pairs
    print(f"{h.size} functions on {len(h.potential)} points, {pairs.products} products H·v")
    table(found)
    print("\n".join(found.warnings))
    used = time.process_time() - cpu, time.perf_counter() - wall
    print(f"{used[0]:.1f} s CPU, {used[1]:.1f} s, {peak_memory():.0f} MiB, {THREADS} threads")


if __name__ == "__main__":
    main()
