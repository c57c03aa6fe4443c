"""Test RMSE against the number of points, every choice made inside them.

    python benchmarks/learning_curves.py h2o data/h2o_ccsdt_vtz.h5
    python benchmarks/learning_curves.py peslearn H2O.dat
    python benchmarks/learning_curves.py h2co h2co_ccsdt_avtz_4001.npz
    python benchmarks/learning_curves.py ch4 methane_b3lyp_9000.xyz.zip
    python benchmarks/learning_curves.py spectroscopic h2o.dat

Of the points that are not test points, so many are drawn, a fifth of them for validation.
Candidates are linear surfaces of several degrees and lengths and, for water, a network
(Levenberg–Marquardt, the epoch chosen by validation), energies only. The candidate with the lowest
validation RMSE is used, a linear one fitted again to all the points drawn.
Each run adds its numbers to benchmarks/learning_curves.json and draws docs/learning_curves.png.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import fits
import numpy as np
import torch

from pes.data import Dataset, read
from pes.descriptors import Invariants
from pes.plots.figure import COLOURS, picture, tidy
from pes.potential import linear_surface, neural_surface
from pes.training.fit import fit
from pes.training.levenberg_marquardt import levenberg_marquardt
from pes.units import ANGSTROM, CM1

ROOT = Path(__file__).parents[1]
NUMBERS = ROOT / "benchmarks/learning_curves.json"
PICTURE = ROOT / "docs/learning_curves.png"
SIZES = (100, 200, 400, 800)
SEEDS = range(3)
DEGREES = range(2, 13)
LENGTHS = (1.5, 2.0, 3.0)
FEATURES = 0.75
"""Features of a linear surface at most, for each point it is fitted to."""

EPOCHS = 800
WIDE = ("h2o", "peslearn", "spectroscopic")

Pool = tuple[Dataset, Dataset]


def published(set_: str, path: Path) -> Pool:
    """Training and validation rows of a published split together, and its test rows."""
    train, validation, test = getattr(fits, set_)(path)
    return joined(train, validation), test


def own(path: Path) -> Pool:
    """Our CCSD(T) water, a fifth of it for the test."""
    return halves(read(path), 0.8)


def spectroscopic(path: Path) -> Pool:
    """Samples of a spectroscopic surface of water in R1, R2 (Å), cos θ and cm⁻¹.

    Read as a molecule of three atoms with the arms R1 and R2 and the angle θ.
    """
    first, second, cosine, energies = np.loadtxt(path, comments="#").T
    x = np.zeros((len(first), 3, 3))
    x[:, 1, 0] = first
    x[:, 2, 0], x[:, 2, 1] = second * cosine, second * np.sqrt(1 - cosine**2)
    points = Dataset(
        ("O", "H", "H"), torch.from_numpy(x * ANGSTROM), torch.from_numpy(energies * CM1)
    )
    return halves(points, 0.5)


def halves(points: Dataset, share: float) -> Pool:
    """A part to draw from, and the rest for the test; the same at every call."""
    order = torch.randperm(len(points), generator=torch.Generator().manual_seed(0))
    cut = int(share * len(points))
    return points.select(order[:cut]), points.select(order[cut:])


def joined(first: Dataset, second: Dataset) -> Dataset:
    """The points of two sets."""
    return Dataset(
        first.symbols,
        torch.cat((first.positions, second.positions)),
        torch.cat((first.energies, second.energies)),
    )


SETS: dict[str, tuple[str, Callable[[Path], Pool]]] = {
    "h2o": ("H₂O, CCSD(T), 0–35,000 cm⁻¹", own),
    "peslearn": ("H₂O, PES-Learn, 0–67,000 cm⁻¹", partial(published, "peslearn")),
    "h2co": ("H₂CO, CCSD(T)-F12", partial(published, "h2co")),
    "ch4": ("CH₄, B3LYP", partial(published, "ch4")),
    "spectroscopic": ("H₂O, spectroscopic, 0–20,000 cm⁻¹", spectroscopic),
}


def linear(train: Dataset, degree: int, length: float):
    """A linear surface fitted to the energies."""
    return linear_surface(
        Invariants(train.symbols, degree, length=length), train.positions, train.energies
    )


def network(train: Dataset, validation: Dataset, seed: int):
    """A network on invariants of degree 2, the larger the more points there are."""
    width = 8 if len(train) < 150 else 12 if len(train) < 500 else 16
    surface = neural_surface(
        Invariants(train.symbols, 2), train.positions, train.energies, hidden=(width, width),
        seed=seed,
    )  # fmt: skip
    optimizer = partial(levenberg_marquardt, damping=1e-3)
    for _ in fit(surface, train, validation, optimizer=optimizer, epochs=EPOCHS, patience=EPOCHS):
        pass
    return surface


def candidates(train: Dataset, validation: Dataset) -> Iterator[tuple[float, str, tuple]]:
    """Validation RMSE, name, and degree and length of each linear candidate."""
    for degree in DEGREES:
        if Invariants(train.symbols, degree).size > FEATURES * len(train):
            break
        for length in LENGTHS:
            error = fits.rmse(linear(train, degree, length), validation)
            yield error, f"linear, degree {degree}, length {length}", (degree, length)


def measured(pool: Dataset, test: Dataset, size: int, seed: int, *, wide: bool) -> dict:
    """Test RMSE of the candidate that validation chose among `size` points."""
    began = time.process_time()
    generator = torch.Generator().manual_seed(100 + seed)
    drawn = pool.select(torch.randperm(len(pool), generator=generator)[:size])
    train, validation = drawn.select(slice(size // 5, None)), drawn.select(slice(size // 5))
    error, name, settings = min(candidates(train, validation))
    surface = linear(drawn, *settings)
    if wide:
        neural = network(train, validation, seed)
        if (neural_error := fits.rmse(neural, validation)) < error:
            error, name, surface = neural_error, "network", neural
    return {
        "points": size, "seed": seed, "chosen": name, "validation_rmse_cm1": error,
        "test_rmse_cm1": fits.rmse(surface, test), "cpu_s": time.process_time() - began,
    }  # fmt: skip


def draw(numbers: dict) -> None:
    """All sets in one picture: mean over seeds, bars from the lowest to the highest."""
    with picture(PICTURE, 9.0, 5.0) as figure:
        axes = figure.subplots()
        for colour, (name, rows) in zip(COLOURS, numbers.items(), strict=False):
            sizes = sorted({row["points"] for row in rows})
            errors = [[r["test_rmse_cm1"] for r in rows if r["points"] == n] for n in sizes]
            mean = np.array([np.mean(e) for e in errors])
            ends = np.array([[np.min(e), np.max(e)] for e in errors]).T
            axes.errorbar(
                sizes, mean, abs(ends - mean), marker="o", color=colour, label=SETS[name][0],
                lw=1.4, ms=5, capsize=3, elinewidth=0.9,
            )  # fmt: skip
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xticks(SIZES, [str(size) for size in SIZES])
        axes.minorticks_off()
        axes.set_yticks([10.0**k for k in range(-2, 4)])
        axes.grid(color="0.92", lw=0.6)
        axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
        tidy(axes, "points, a fifth of them for validation", "test RMSE (cm⁻¹)")


def main() -> None:
    """Measure one set, add it to the others and draw them all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("set", choices=SETS)
    parser.add_argument("path", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    pool, test = SETS[given.set][1](given.path)
    print(f"{given.set}: {len(test)} test points, {len(SEEDS)} seeds, 1 thread")
    print(f"{'points':>8}{'mean RMSE':>12}{'lowest':>10}{'highest':>10}{'CPU-s':>8}  chosen")
    rows = []
    for size in SIZES:
        some = [measured(pool, test, size, seed, wide=given.set in WIDE) for seed in SEEDS]
        errors = [row["test_rmse_cm1"] for row in some]
        cpu = sum(row["cpu_s"] for row in some)
        print(
            f"{size:>8}{np.mean(errors):12.4f}{min(errors):10.4f}{max(errors):10.4f}{cpu:8.1f}  "
            + "; ".join(row["chosen"] for row in some),
            flush=True,
        )
        rows += some
    print(f"{sum(row['cpu_s'] for row in rows):.1f} CPU-s in all")
    numbers = json.loads(NUMBERS.read_text()) if NUMBERS.exists() else {}
    numbers[given.set] = rows
    numbers = {name: numbers[name] for name in SETS if name in numbers}
    NUMBERS.write_text(json.dumps(numbers, indent=1) + "\n")
    draw(numbers)


if __name__ == "__main__":
    main()
