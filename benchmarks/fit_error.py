"""Errors of levels on fits to few points, beside what the table prints for them.

    python benchmarks/fit_error.py [--points 90 150 300 600] [--below 15000]

Fits without settings to some of the points of water (below an energy), chosen at random, and to all
1,351: levels on the small ones are compared with those on the large one, whose own errors at points
left out are 0.01 cm⁻¹. One line for each fit: how many of 20 levels (the zero-point energy first)
are farther off than `fit` and `conv` together say, and how the errors compare with these.
"""

import argparse
import os
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np
import torch

import pes
from pes.data import Dataset
from pes.units import CM1

DATA = Path(__file__).parents[1] / "data" / "h2o_ccsdt_vtz.h5"
ACCURACY = 0.02
"""Accuracy asked of the calculations of levels, cm⁻¹."""


def levels_on(points: Dataset, minutes: float, seed: int) -> tuple[pes.FitResult, pes.LevelsResult]:
    """A fit without settings, and twenty levels on it."""
    fit = pes.train(points, minutes=minutes, seed=seed)
    return fit, pes.levels(fit.surface, count=20, accuracy=ACCURACY)


def energies(result: pes.LevelsResult) -> np.ndarray:
    """Zero-point energy first, then those above the ground state, cm⁻¹."""
    above = result.energies.numpy().copy()
    above[0] = result.zero_point_energy
    return above


def main() -> None:
    """Print the table line by line."""
    parser = argparse.ArgumentParser(description="Errors of levels on fits to few points.")
    parser.add_argument("--points", type=int, nargs="+", default=[90, 90, 150, 150, 300, 300, 600])
    parser.add_argument(
        "--below", type=float, default=np.inf, help="highest energy of a point, cm-1"
    )
    args, every = parser.parse_args(), pes.read(DATA)
    low = every.select(every.energies - every.energies.min() < args.below * CM1)
    true = energies(levels_on(every, 0.25, 0)[1])
    print(f"{'points':>6s} {'test RMSE':>10s} {'outside':>7s} {'largest error, its fit':>24s} "
          f"{'error/fit: median':>18s} {'most':>5s}")  # fmt: skip
    for seed, count in enumerate(args.points, start=1):
        some = torch.randperm(len(low), generator=torch.Generator().manual_seed(seed))[:count]
        fit, result = levels_on(low.select(some.sort().values), 0.08, seed)
        error = np.abs(energies(result) - true)
        # An ensemble has its own figure.
        said = np.array([row.get("fit", row.get("spread")) for row in result.table])
        # Where the points end too early nothing is said, and nothing can be wrong.
        said = np.nan_to_num(said, nan=np.inf)
        both, worst = said + result.convergence.numpy(), int(error.argmax())
        rmse = fit.errors["test"]["energy"]["rmse"]["all"]
        print(f"{count:6d} {rmse:10.3g} {(error > both).sum():7d} "
              f"{error[worst]:13.3f} {said[worst]:10.3f} {np.median(error / said):18.2f} "
              f"{(error / said).max():5.2f}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
