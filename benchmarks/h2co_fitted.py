"""Errors of formaldehyde's levels on a fit whose points end before the levels do.

    python benchmarks/h2co_fitted.py h2co_ccsdt_avtz_4001.npz

The geometries are those of the 4,001 points of MMunibas/KerNN, drawn along normal modes: half of
them lie below 700 cm⁻¹. Their energies are those of `formaldehyde_model`, so that the true levels
are known. A linear surface errs by a few thousandths of a cm⁻¹ at points left out, and levels on it
by up to some tens of cm⁻¹. Printed for each level: the one on the surface itself, the error of the
one on the fit, and what `conv` and `fit` say of it.
"""

import argparse
import os
import time
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np
from fit_error import energies
from fits import h2co

import pes
from pes.data import Dataset


def twin(path: Path) -> Dataset:
    """The geometries of the data set with the energies of the model surface."""
    train, *others = h2co(path)
    model = pes.load("formaldehyde_model")
    positions = train.positions.new_tensor(
        np.concatenate([part.positions.numpy() for part in (train, *others)])
    )
    return Dataset(train.symbols, positions, model.potential(positions).detach())


def main() -> None:
    """Print the table line by line."""
    parser = argparse.ArgumentParser(description="Levels of H2CO beyond the points of a fit.")
    parser.add_argument("path", type=Path)
    parser.add_argument("--degree", type=int, default=8)
    parser.add_argument("--levels", type=int, default=20)
    args = parser.parse_args()
    fit = pes.train(twin(args.path), form=pes.LinearForm(degree=args.degree))
    rmse = fit.errors["test"]["energy"]["rmse"]["all"]
    print(f"RMSE at the test points {rmse:.2g} cm-1")
    exact = pes.levels("formaldehyde_model", count=args.levels)
    begun = time.process_time()
    result = pes.levels(fit, count=args.levels)
    rows = result.table
    seconds = time.process_time() - begun
    errors = np.abs(energies(result) - energies(exact))
    outside = 0
    print(f"{'level':>5s} {'E/cm-1':>10s} {'error':>8s} {'conv':>8s} {'fit':>8s}  cm-1")
    for row, true, error, off in zip(
        rows, energies(exact), errors, exact.convergence.tolist(), strict=True
    ):
        said = row["convergence"] + row["fit"]
        outside += bool(error > said + off)
        print(f"{row['level']:5d} {true:10.3f} {error:8.3f} {row['convergence']:8.3f} "
              f"{row['fit']:8.3f}{' outside' * bool(error > said + off)}")  # fmt: skip
    print(f"{outside} of {len(rows)} outside conv and fit; {seconds:.0f} CPU-s on the fit")


if __name__ == "__main__":
    main()
