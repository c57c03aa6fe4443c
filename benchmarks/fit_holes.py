"""Errors of levels on fits that fall into holes beyond their points, beside what is printed.

    python benchmarks/fit_holes.py hypochlorous_acid --degree 14 --points 1500 --below 20000
    python benchmarks/fit_holes.py thioformaldehyde --degree 5 --points 1500 --below 9000 --levels 8

Polynomials of one degree are fitted to points of a surface of `triatomic_surfaces.py` or
`four_atom_surfaces.py` below an energy, drawn at random with several seeds. Levels on these are
compared with those on the surface itself, which is what the points are of. One line for each fit:
what was done about its holes, how many levels are farther off than `fit` and `conv` together say,
the largest error and estimates, and CPU-seconds of the levels.
"""

import argparse
import os
import time

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import four_atom_surfaces
import numpy as np
import torch
import triatomic_surfaces
from fit_error import energies

import pes
from pes.data import Dataset
from pes.setup.coordinates.coordinate_request import CoordinateRequest
from pes.setup.problem.problem import Problem, problem
from pes.units import CM1
from pes.vibration.system.system import harmonic_frequencies

AT_ONCE = 4000
"""Geometries that are drawn at once."""

LEAST = 0.15
"""Share of the points at the highest energy that is kept; nearly all are at the minimum."""


def coordinates(task: Problem, below: float, generator: torch.Generator) -> torch.Tensor:
    """Random coordinates: in ranges of three atoms, in ellipsoids of normal coordinates of more."""
    modes = len(task.internal.names)
    if modes == 3:
        low, high = torch.tensor([(b.low, b.high) for b in task.coordinates]).double().T
        return low + (high - low) * torch.rand(AT_ONCE, 3, generator=generator).double()
    ray = torch.randn(AT_ONCE, modes, generator=generator).double()
    energy = below * CM1 * torch.rand(AT_ONCE, 1, generator=generator).double()
    ray = ray / ray.norm(dim=1, keepdim=True)
    return ray * (2 * energy / harmonic_frequencies(task.system, modes)).sqrt()


def points(task: Problem, below: float, count: int, seed: int) -> Dataset:
    """So many geometries with energies up to a height (cm⁻¹) above the minimum."""
    generator = torch.Generator().manual_seed(seed)
    lowest = float(task.system.potential(task.wells[:1])[0])
    x, v = [], []
    while sum(map(len, v)) < count:
        q = coordinates(task, below, generator)
        with torch.no_grad():
            drawn = task.internal.to_positions(q, task.molecule.masses)
            energy = task.surface.potential(drawn)
        share = 1 - (energy - lowest) / (below * CM1)
        kept = (share > 0) & (torch.rand(AT_ONCE, generator=generator) < share + LEAST)
        x.append(drawn[kept])
        v.append(energy[kept])
    return Dataset(task.molecule.symbols, torch.cat(x)[:count], torch.cat(v)[:count])


def remedy(result: pes.LevelsResult) -> str:
    """How the holes of a fit were treated: `wall`, `continued` or `none` were found."""
    if result.levels.system.filling is not None:
        return "wall"
    return "none" if result.levels.system.continuation is None else "continued"


def line(fit: pes.FitResult, args: argparse.Namespace, true: np.ndarray, conv: np.ndarray) -> str:
    """Levels on one fit, compared."""
    begun = time.process_time()
    try:
        result = pes.levels(fit, count=args.levels, accuracy=args.accuracy)
    except ValueError as refusal:
        return f"refused: {refusal}"[:150]
    seconds = time.process_time() - begun
    error = np.abs(energies(result) - true)
    # Where the points end too early nothing is said, and nothing can be wrong.
    said = np.array([row.get("fit", np.nan) or np.nan for row in result.table], dtype=float)
    both = np.nan_to_num(said, nan=np.inf) + result.convergence.numpy() + conv
    unknown = int(np.isnan(said).sum())
    most = "-" if unknown == len(said) else f"{np.nanmax(said):.3g}"
    return (
        f"{remedy(result):>9s} {int((error > both).sum()):7d} {error.max():9.3g} "
        f"{float(result.convergence.max()):8.3g} {most:>8s} {unknown:7d} {seconds:6.0f}"
    )


def main() -> None:
    """Print the table line by line."""
    parser = argparse.ArgumentParser(description="Errors of levels on fits with holes.")
    parser.add_argument("surface")
    parser.add_argument("--degree", type=int, default=12)
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--below", type=float, default=15000, help="cm-1")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--levels", type=int, default=20)
    parser.add_argument("--accuracy", type=float, default=0.02, help="cm-1")
    args = parser.parse_args()
    made = triatomic_surfaces if args.surface in triatomic_surfaces.SURFACES else four_atom_surfaces
    surface, symbols = made.SURFACES[args.surface], made.MOLECULES[args.surface]
    exact = pes.levels(surface, symbols, count=args.levels, accuracy=args.accuracy)
    # Points lie a little farther out than the energy that they are chosen by.
    task = problem(
        pes.Surface(surface, symbols), coordinates=CoordinateRequest(energy=1.1 * args.below)
    )
    print(f"{'seed':>4s} {'test RMSE':>9s} {'holes':>9s} {'outside':>7s} {'max error':>9s} "
          f"{'max conv':>8s} {'max fit':>8s} {'no fit':>7s} {'CPU-s':>6s}")  # fmt: skip
    for seed in args.seeds:
        data = points(task, args.below, args.points, seed)
        fit = pes.train(data, form=pes.LinearForm(degree=args.degree), seed=seed)
        rmse = fit.errors["test"]["energy"]["rmse"]["all"]
        row = line(fit, args, energies(exact), exact.convergence.numpy())
        print(f"{seed:4d} {rmse:9.3g} {row}", flush=True)


if __name__ == "__main__":
    main()
