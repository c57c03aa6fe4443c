"""Dipole surfaces, linear by degree and networks: test errors and CPU time for a set of points.

    python benchmarks/dipole_fit.py h2co_ccsdt_avtz_4001.npz [--degrees 3 4 5 6] [--hidden 16 16]

The set of H2CO, 4,001 points of CCSD(T)-F12B/aug-cc-pVTZ-F12, is that of the network KerNN
(https://github.com/MMunibas/KerNN), divided as there: RandomState(143), 3,200 points for the fit,
400 for validation, 401 for the test. Its authors state errors of energies and forces, none of
dipole moments.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

import pes

SEED, TRAIN, VALIDATION = 143, 0.8, 0.1


def main() -> None:
    """One line for each degree, then one for the networks."""
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--degrees", type=int, nargs="+", default=[2, 3, 4, 5, 6])
    parser.add_argument("--hidden", type=int, nargs="+", help="widths of the layers of networks")
    parser.add_argument("--inputs", type=int, default=2, help="degree of their inputs")
    parser.add_argument("--epochs", type=int, default=200)
    options = parser.parse_args()
    data = pes.read(options.data)
    order = torch.from_numpy(np.random.RandomState(SEED).permutation(len(data)))
    first, second = int(TRAIN * len(data)), int((TRAIN + VALIDATION) * len(data))
    rows = (part.sort().values for part in order.tensor_split([first, second]))
    parts = pes.Split(*rows, data.sha256, SEED)
    print("form         numbers  RMSE of a component/1e-4 debye: validation      test   CPU-s")
    forms = {f"degree {degree}": pes.DipoleForm(degree=degree) for degree in options.degrees}
    if options.hidden:
        name = "-".join(map(str, options.hidden))
        forms[name] = pes.DipoleNetworkForm(
            degree=options.inputs, hidden=tuple(options.hidden), epochs=options.epochs
        )
    for name, form in forms.items():
        fit = pes.train_dipole(data, form=form, parts=parts)
        errors = [1e4 * fit.errors[part]["all"]["rmse"] for part in ("validation", "test")]
        print(
            f"{name:10s} {fit.candidates[0].coefficients:9d} {errors[0]:42.4f} {errors[1]:9.4f} "
            f"{fit.seconds:7.1f}"
        )


if __name__ == "__main__":
    main()
