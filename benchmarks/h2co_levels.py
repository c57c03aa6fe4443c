"""Thirty levels of formaldehyde on a model surface, each with three measured changes.

    python benchmarks/h2co_levels.py --compare
    python benchmarks/h2co_levels.py --quanta 10 --points 10 10 9 9 8 9 --against radau

The surface is `formaldehyde_model` of `pes.potential.analytic`. Coordinates are curvilinear normal
ones of a Z-matrix, unless --coordinates says otherwise; --against solves in others too and prints
how far the levels are apart.

With 11 quanta no level moves by more than (a) 0.052 cm⁻¹ since 9 quanta, (b) 0.0012 since fewer
points, (c) 0.0001 since narrower ranges. The products left out move the most of thirty levels by
4.6 cm⁻¹ with 6 quanta (924 functions), 0.26 with 8 (3,002), 0.053 with 9 (4,994), 0.009 with 10
(7,951), each against 12,173 functions of 11 quanta, one or two more of each coordinate than by
default: these alone matter by 0.005 at most. The same from Radau vectors in place of bonds, the
second command: thirty levels agree within 0.008 cm⁻¹; with 11 quanta and rectilinear modes: 0.06.
In plain Z-matrix coordinates 9 quanta, 5,005 functions, leave 3.6 cm⁻¹ (--coordinates zmatrix
--cuts --quanta 9 --functions 10 --points 11 --compare).
"""

import argparse
import os
import resource
import sys
import time

parser = argparse.ArgumentParser(description="Levels of formaldehyde: convergence and cost.")
SETS = ("curvilinear", "radau", "jacobi", "rectilinear", "zmatrix")
parser.add_argument("--coordinates", choices=SETS, default="curvilinear")
parser.add_argument("--against", choices=SETS, help="other coordinates to compare with")
parser.add_argument("--threads", type=int, default=1, help="of the linear algebra")
parser.add_argument("--quanta", type=float, default=11, help="of the products kept")
parser.add_argument("--functions", type=int, nargs="+", default=[9, 8, 8, 8, 7, 8],
                    help="of each coordinate, or one number for all")  # fmt: skip
parser.add_argument("--points", type=int, nargs="+", default=[12, 11, 10, 10, 9, 10])
parser.add_argument("--reach", type=float, default=60000, help="of cuts, cm-1: ends of the ranges")
parser.add_argument("--levels", type=int, default=30, help="with the ground state")
parser.add_argument("--compare", action="store_true", help="with three smaller runs")
parser.add_argument("--cuts", action="store_true", help="functions of cuts, not self-consistent")
parser.add_argument("--weights", type=float, nargs=6, help="of the quanta of each coordinate")
parser.add_argument("--energy", type=float, help="limit of the products, cm-1, instead of quanta")
OPTIONS = parser.parse_args()
THREADS = str(OPTIONS.threads)
# Read once, when NumPy and torch load.
os.environ.update(OMP_NUM_THREADS=THREADS, OPENBLAS_NUM_THREADS=THREADS, MKL_NUM_THREADS=THREADS)

import torch  # noqa: E402

from pes.coordinates import (  # noqa: E402
    Curvilinear,
    Internal,
    Polyspherical,
    ZMatrix,
    curvilinear,
    hessian,
    normal_modes,
    optimum,
)
from pes.molecule import Molecule  # noqa: E402
from pes.potential.analytic.formaldehyde import FormaldehydeModel  # noqa: E402
from pes.units import ANGSTROM, CM1, DEGREE  # noqa: E402
from pes.vibration import BasisSpec, Levels, molecular, vibrational_levels  # noqa: E402
from pes.vibration.basis.truncation import Truncation  # noqa: E402
from pes.vibration.system.minimum import reach  # noqa: E402

ZMATRIX = ZMatrix((("C",), ("O", 0), ("H", 0, 1), ("H", 0, 1, 2)))
PARTNERS = ("radau", 0, 2, 3)
INNER = {
    "curvilinear": ZMATRIX,
    # Of H, C, H as a triatomic, and of H as seen from the centre of mass of CO.
    "radau": Polyspherical(((0, 1), (PARTNERS, 2), (PARTNERS, 3))),
    "jacobi": Polyspherical(((0, 1), ((0, 1), 2), ((0, 1), 3))),
}
SURFACE = FormaldehydeModel().requires_grad_(False)
MASSES = Molecule(SURFACE.symbols).masses


def internal(name: str) -> Internal:
    """Coordinates by their name here."""
    if name == "zmatrix":
        return ZMATRIX
    start = [1.2 * ANGSTROM, *(1.1 * ANGSTROM, 122 * DEGREE) * 2, torch.pi]
    x = optimum(SURFACE, ZMATRIX.to_positions(torch.tensor(start, dtype=torch.float64)))
    modes = normal_modes(x, hessian(SURFACE, x), MASSES)
    return modes if name == "rectilinear" else curvilinear(INNER[name], modes)


def ends(name: str, found: Internal) -> list[tuple[float, float]]:
    """Of each range: where V on a cut passes --reach; of the Z-matrix those of the surface."""
    if name == "zmatrix":
        sizes = [ANGSTROM if kind == "length" else DEGREE for kind in found.kinds]
        return [(a * u, b * u) for (a, b), u in zip(SURFACE.ranges, sizes, strict=True)]
    system = molecular(SURFACE, found.to_positions, MASSES)
    # Past a fold geometries come twice, and reflections no longer show.
    limits = found.bounds() if isinstance(found, Curvilinear) else [(-10.0, 10.0)] * 6
    return reach(system, torch.zeros(6, dtype=torch.float64), limits, OPTIONS.reach * CM1)


def coordinates(name: str, found: Internal) -> list[BasisSpec]:
    """One basis for each."""
    functions, points = (x * (6 if len(x) == 1 else 1) for x in (OPTIONS.functions, OPTIONS.points))
    rows = zip(found.names, ends(name, found), functions, points, strict=True)
    return [BasisSpec("sinc", *range, n, m, 61, k) for k, range, n, m in rows]


def products() -> Truncation:
    """As the options say."""
    weights = None if OPTIONS.weights is None else tuple(OPTIONS.weights)
    if OPTIONS.energy is not None:
        return Truncation(energy=OPTIONS.energy * CM1, self_consistent=not OPTIONS.cuts)
    return Truncation(OPTIONS.quanta, weights, self_consistent=not OPTIONS.cuts)


def table(found: Levels) -> list[float]:
    """Levels, their estimates and the three changes; cm⁻¹, as printed."""
    energies = [found.zero_point_energy / CM1, *(found.excitations[1:] / CM1).tolist()]
    print("".join(f"warning: {text}\n" for text in found.warnings), end="")
    if not OPTIONS.compare:
        print(" ".join(f"{energy:.4f}" for energy in energies))
        return energies
    print(f"{'level':>5s} {'cm-1':>10s} {'estimate':>9s} {'a':>8s} {'b':>8s} {'c':>8s}")
    for n, energy in enumerate(energies):
        changes = " ".join(f"{float(x) / CM1:8.4f}" for x in found.changes[:, n])
        print(f"{n:5d} {energy:10.4f} {float(found.convergence[n]) / CM1:9.4f} {changes}")
    most = (found.changes / CM1).amax(1).tolist()
    print(f"{'most':>5s} {'':20s} " + " ".join(f"{x:8.4f}" for x in most))
    return energies


def peak_memory() -> float:
    """MiB (Linux counts in KiB, macOS in bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def solved(name: str) -> list[float]:
    """Energies in one set of coordinates, cm⁻¹; cost and table are printed."""
    cpu, wall = time.process_time(), time.perf_counter()

    def stage(begun: str) -> None:
        used = time.process_time() - cpu
        print(f"{used:8.1f} s CPU  {peak_memory():6.0f} MiB  begins: {begun}", flush=True)

    print(name)
    found = internal(name)
    made = vibrational_levels(
        molecular(SURFACE, found.to_positions, MASSES), coordinates(name, found), OPTIONS.levels,
        truncation=products(), convergence=OPTIONS.compare and "smaller", progress=stage,
        reference=None if name == "zmatrix" else torch.zeros(6, dtype=torch.float64),
    )  # fmt: skip
    h, pairs = made.hamiltonian, made.eigenpairs
    print(f"{h.size} functions on {len(h.potential)} points, {pairs.matvecs} products H·v")
    energies = table(made)
    if isinstance(found, Curvilinear):
        passed = made.probability(found.folded(made.points).any(1)).max()
        print(f"at most {float(passed):.1e} of |psi|^2 beyond an angle of 180 degrees")
    used = time.process_time() - cpu, time.perf_counter() - wall
    print(f"{used[0]:.1f} s CPU, {used[1]:.1f} s, {peak_memory():.0f} MiB, {THREADS} threads\n")
    return energies


def main() -> None:
    """Run and print."""
    torch.set_num_threads(int(THREADS))
    first = solved(OPTIONS.coordinates)
    if OPTIONS.against is None:
        return
    apart = [b - a for a, b in zip(first, solved(OPTIONS.against), strict=True)]
    print(f"{OPTIONS.against} less {OPTIONS.coordinates}, cm-1:")
    print(" ".join(f"{x:+.4f}" for x in apart))
    print(f"largest difference {max(map(abs, apart)):.4f} cm-1")


if __name__ == "__main__":
    main()
