"""Fits without settings: `pes-train FILE --minutes N` on public sets, nothing chosen by hand.

    python benchmarks/automatic_fits.py peslearn H2O.dat
    python benchmarks/automatic_fits.py own data/h2o_ccsdt_vtz.h5
    python benchmarks/automatic_fits.py h2co h2co_ccsdt_avtz_4001.npz
    python benchmarks/automatic_fits.py h2co_forces h2co_ccsdt_avtz_4001.npz
    python benchmarks/automatic_fits.py ch4 methane_b3lyp_9000.xyz.zip
    python benchmarks/automatic_fits.py ch4_forces methane_b3lyp_9000.xyz.zip
    python benchmarks/automatic_fits.py spectroscopic h2o_spectroscopic_10001.dat --draw 1
    python benchmarks/automatic_fits.py spectroscopic_500 h2o_spectroscopic_10001.dat
    python benchmarks/automatic_fits.py made_up cyanide.h5

`made_up` is for the sets of made_up_sets.py, split by `pes-train` itself; `--draw` takes another
draw of the points of `spectroscopic`. What the files do not say (atoms, columns, units) and the
published split are given, as on the command line; see fits.py and spectroscopic.py for the sets
and other people's figures. `--output FOLDER` keeps the run, for fit_curves.py. Printed are the
errors of the test and the CPU seconds (user + system) of this process, imports included.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from pes import cli

Parts = dict[str, list[int]]


def shuffled(seed: int, train: int, validation: int, points: int) -> Parts:
    """Rows in the order of a seeded permutation of NumPy."""
    rows = np.random.RandomState(seed).permutation(points).tolist()
    return {
        "train": rows[:train],
        "validation": rows[train : train + validation],
        "test": rows[train + validation :],
    }


def peslearn() -> Parts:
    """Rows of the published split."""
    return json.loads((Path(__file__).parent / "splits/peslearn_h2o.json").read_text())


ENERGIES = ["--set", "data.forces=false"]
TRIATOMIC = [
    "--formula", "O H H", "--columns", "r1 r2 cos energy", "--format", "triatomic", "--units",
    "energy=cm-1,length=angstrom",
]  # fmt: skip
SETS: dict[str, tuple[list[str], Callable[[int], Parts] | None]] = {
    "peslearn": (
        ["--formula", "H H O", "--units", "energy=hartree,length=angstrom"], lambda _: peslearn()
    ),
    "own": ([], None),
    "made_up": ([], None),
    "h2co": (ENERGIES, lambda _: shuffled(143, 3200, 400, 4001)),
    "h2co_forces": ([], lambda _: shuffled(143, 3200, 400, 4001)),
    "ch4": (ENERGIES, lambda _: shuffled(0, 7200, 900, 9000)),
    "ch4_forces": ([], lambda _: shuffled(0, 7200, 900, 9000)),
    "spectroscopic": (TRIATOMIC, lambda draw: shuffled(draw, 900, 100, 10001)),
    "spectroscopic_500": (TRIATOMIC, lambda draw: shuffled(draw, 450, 50, 10001)),
}  # fmt: skip
"""Options of each set, and its published split."""


def main() -> None:
    """Fit one set and print its errors."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("set", choices=SETS)
    parser.add_argument("path", type=Path)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--draw", type=int, default=0)
    parser.add_argument("--output", type=Path)
    given = parser.parse_args()
    options, split = SETS[given.set]
    with TemporaryDirectory() as folder:
        if split is not None:
            rows = Path(folder) / "rows.json"
            rows.write_text(json.dumps(split(given.draw)))
            options = [*options, "--split", str(rows)]
        run = given.output or Path(folder) / "run"
        arguments = [str(given.path), "--minutes", str(given.minutes), "--output", str(run)]
        cli.train([*arguments, *options])
        errors = json.loads((run / "summary.json").read_text())["errors"]["test"]
    energy, force = errors["energy"]["rmse"], errors["force"]["rmse"]["all"]
    print(
        f"{given.set}: test RMSE {energy['all']:.4g} cm-1, {energy['15000']} below 15,000", end=""
    )
    print("" if force is None else f", {force:.3g} cm-1/A", end="")
    print(f"; {time.process_time():.0f} CPU-s with imports")


if __name__ == "__main__":
    main()
