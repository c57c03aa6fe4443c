"""Levels of formaldehyde and methane on sparse grids: functions, points, CPU seconds, memory.

    python benchmarks/sparse_grid.py h2co --quanta 8 --level 10
    python benchmarks/sparse_grid.py h2co --quanta 10 --level 12
    python benchmarks/sparse_grid.py h2co --quanta 9 --level 11 --compare
    python benchmarks/sparse_grid.py ch4 --levels 20 --data methane_b3lyp_9000.xyz.zip \
        --quanta 6 --level 8

H2CO has the surface `formaldehyde_model` of `pes.potential.analytic`, CH4 a linear surface in
invariants of degree 6, fitted to the energies of --data (B3LYP, jmbowma/QM-22). Coordinates are
bond vectors, or with --coordinates zmatrix curvilinear normal ones of a Z-matrix. Functions stand
about the mean of the ground state, as in `pes-levels`, or with --plain about the minimum.

A machine with a dozen other jobs, H2CO, thirty levels; errors are those against 11 quanta, level 13
(--save and --against), which took 48 CPU-s:

    quanta level functions  points  CPU-s   MiB  error/cm-1
         6     8       924  27,357    2.8   443       2.77
         8    10     3,003  86,517     14   621       0.162
        10    12     8,008 218,157     34   736       0.0057

With bonds that turn by arctan |w| and stretch linearly, as in earlier versions, errors were ten
times larger. In coordinates of a Z-matrix 8 quanta leave about 0.35. With 8 quanta weighted by 1 1
1.25 1.5 2.25 2.25 level 10 left 23 cm-1 in those bond vectors, level 12 0.04, against level 14: the
level has to be higher than the quanta by twice the largest weight.

With --derivatives dE_n/dw of every level by every coefficient w of the surface of CH4 follows, in
reverse mode; checked against H of a surface moved along all derivatives of the ground state.
"""

import argparse
import os
import resource
import sys
import time
from pathlib import Path

parser = argparse.ArgumentParser(description="Levels on sparse grids: convergence and cost.")
parser.add_argument("molecule", choices=("h2co", "ch4"))
parser.add_argument("--quanta", type=float, default=8, help="K of the products kept")
parser.add_argument("--level", type=float, default=10, help="L of the grid")
parser.add_argument("--weights", type=float, nargs="+", help="of the quanta of each coordinate")
parser.add_argument("--levels", type=int, default=30, help="with the ground state")
parser.add_argument("--compare", action="store_true", help="with K + 1 and L + 1")
parser.add_argument("--coordinates", choices=("bonds", "zmatrix"), default="bonds")
parser.add_argument("--derivatives", action="store_true", help="by all weights of the surface")
parser.add_argument("--plain", action="store_true", help="functions of unit width about q = 0")
parser.add_argument("--solver", default="auto")
parser.add_argument("--data", type=Path, help="points of methane")
parser.add_argument("--save", type=Path, help="file for the levels, cm-1")
parser.add_argument("--against", type=Path, help="file of levels to compare with")
parser.add_argument("--threads", type=int, default=1, help="of the linear algebra")
OPTIONS = parser.parse_args()
THREADS = str(OPTIONS.threads)
# Read once, when NumPy and torch load.
os.environ.update(OMP_NUM_THREADS=THREADS, OPENBLAS_NUM_THREADS=THREADS, MKL_NUM_THREADS=THREADS)

import numpy as np  # noqa: E402
import torch  # noqa: E402
from fits import ch4  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from pes.coordinates import Internal, ZMatrix, curvilinear, hessian, normal_modes, optimum  # noqa: E402
from pes.coordinates.bond_vector_modes import bond_vectors  # noqa: E402
from pes.descriptors import Invariants  # noqa: E402
from pes.molecule import Molecule  # noqa: E402
from pes.potential import linear_surface  # noqa: E402
from pes.potential.analytic.formaldehyde import FormaldehydeModel  # noqa: E402
from pes.units import ANGSTROM, CM1, DEGREE  # noqa: E402
from pes.vibration import Levels, SparseGrid, level_derivatives, molecular, vibrational_levels  # noqa: E402
from pes.vibration.hamiltonian.adapted import adapted  # noqa: E402

FORMALDEHYDE = ZMatrix((("C",), ("O", 0), ("H", 0, 1), ("H", 0, 1, 2)))
METHANE = ZMatrix((("C",), ("H", 0), ("H", 0, 1), ("H", 0, 1, 2), ("H", 0, 1, 2)))
TREES = {"h2co": [(0, 1), (0, 2), (0, 3)], "ch4": [(4, 0), (4, 1), (4, 2), (4, 3)]}


def surface() -> tuple[nn.Module, Tensor, tuple[str, ...]]:
    """Surface, a geometry near its minimum, and the atoms."""
    if OPTIONS.molecule == "h2co":
        q = [1.2 * ANGSTROM, *(1.1 * ANGSTROM, 122 * DEGREE) * 2, torch.pi]
        x = FORMALDEHYDE.to_positions(torch.tensor(q, dtype=torch.float64))
        return FormaldehydeModel().requires_grad_(False), x, FormaldehydeModel.symbols
    points = ch4(OPTIONS.data)[0]
    descriptor = Invariants(points.symbols, 6, length=2.0)
    fitted = linear_surface(descriptor, points.positions, points.energies)
    lowest = points.positions[int(points.energies.argmin())]
    return fitted.requires_grad_(False), lowest, points.symbols


def coordinates(potential: nn.Module, start: Tensor, masses: Tensor) -> Internal:
    """Dimensionless coordinates about the minimum."""
    x = optimum(potential, start)
    modes = normal_modes(x, hessian(potential, x), masses)
    if OPTIONS.coordinates == "bonds":
        return bond_vectors(modes, TREES[OPTIONS.molecule])
    return curvilinear(FORMALDEHYDE, modes)


def table(found: Levels) -> Tensor:
    """Levels and their estimates, printed; cm⁻¹."""
    energies = found.excitations / CM1
    energies[0] = found.zero_point_energy / CM1
    print("".join(f"warning: {text}\n" for text in found.warnings), end="")
    symmetry = found.eigenpairs.symmetry or [""] * len(energies)
    rows = zip(energies.tolist(), found.changes.T / CM1, symmetry, strict=True)
    print(f"{'level':>5s} {'cm-1':>10s} {'K':>8s} {'L':>8s}  symmetry")
    for n, (energy, (functions, points, _), label) in enumerate(rows):
        print(f"{n:5d} {energy:10.4f} {float(functions):8.4f} {float(points):8.4f}  {label}")
    if OPTIONS.against is not None:
        apart = (energies - torch.from_numpy(np.loadtxt(OPTIONS.against))[: len(energies)]).abs()
        print(f"largest difference from {OPTIONS.against.name}: {float(apart.max()):.4f} cm-1")
    return energies


def derivatives(levels: Levels, potential: nn.Module) -> None:
    """dE_n/dw by all weights, their cost, and a check of one direction by a difference."""
    begun = time.process_time()
    weights = [p.requires_grad_(True) for p in potential.parameters()]
    slopes = torch.cat([s.reshape(len(s), -1) for s in level_derivatives(levels, weights)], 1)
    print(f"{slopes.shape[0]} levels by {slopes.shape[1]} weights: "
          f"{time.process_time() - begun:.1f} CPU-s")  # fmt: skip
    before = levels.means(levels.hamiltonian.potential[:, None])
    along = slopes[0] / slopes[0].norm() ** 2
    step = 1e-6
    with torch.no_grad():
        offset = 0
        for w in weights:
            w += step * along[offset : offset + w.numel()].view_as(w)
            offset += w.numel()
        moved = levels.means(levels.system.potential(levels.points)[:, None])
    difference = float((moved - before)[0, 0]) / step
    print(f"ground state along its own derivatives: 1, by a difference {difference:.6f}")


def main() -> None:
    """Run and print."""
    torch.set_num_threads(int(THREADS))
    potential, start, symbols = surface()
    masses = Molecule(symbols).masses
    cpu, wall = time.process_time(), time.perf_counter()

    def stage(begun: str) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        peak /= 2**20 if sys.platform == "darwin" else 2**10
        used = time.process_time() - cpu, time.perf_counter() - wall
        print(f"{used[0]:8.1f} s CPU {used[1]:8.1f} s {peak:6.0f} MiB  {begun}", flush=True)

    internal = coordinates(potential, start, masses)
    weights = None if OPTIONS.weights is None else tuple(OPTIONS.weights)
    system = molecular(potential, internal.to_positions, masses)
    grid = SparseGrid(internal.names, OPTIONS.quanta, OPTIONS.level, weights)
    grid = grid if OPTIONS.plain else adapted(system, grid)
    print(f"{grid.functions} functions on {grid.point_count} points")
    found = vibrational_levels(
        system, grid, OPTIONS.levels, convergence=OPTIONS.compare, progress=stage,
        solver=OPTIONS.solver,
    )  # fmt: skip
    stage(f"done: {found.hamiltonian.size} functions, {found.eigenpairs.solver}, "
          f"{found.eigenpairs.matvecs} products H·v")  # fmt: skip
    energies = table(found)
    if OPTIONS.derivatives:
        derivatives(found, potential)
    if OPTIONS.save is not None:
        np.savetxt(OPTIONS.save, energies.numpy(), fmt="%.6f")


if __name__ == "__main__":
    main()
