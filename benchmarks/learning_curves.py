"""Test RMSE against the number of points, every choice made inside them.

    python benchmarks/learning_curves.py h2o data/h2o_ccsdt_vtz.h5
    python benchmarks/learning_curves.py peslearn H2O.dat
    python benchmarks/learning_curves.py h2co h2co_ccsdt_avtz_4001.npz
    python benchmarks/learning_curves.py ch4 methane_b3lyp_9000.xyz.zip
    python benchmarks/learning_curves.py spectroscopic h2o.dat

Of the points that are not test points, so many are drawn, and every choice is made inside them.
Linear surfaces: degree, length and ridge of the lowest leave-one-out error. Networks, for our own
and for PES-Learn's water: four trained together, each with another fifth of the points held out for
its validation. The best linear surface is fitted to the same four cuts, and whichever has the lower
error on the points held out is used: the mean of the networks, or the linear surface of all points.
For spectroscopic water the fits are those of benchmarks/spectroscopic.py. Energies only.
Each run adds its numbers to benchmarks/learning_curves.json and draws docs/learning_curves.png.
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import fits
import numpy as np
import spectroscopic
import torch
from torch import Tensor

from pes.data import Dataset, read
from pes.data.cuts import member_cuts
from pes.descriptors import Invariants
from pes.plots.figure import COLOURS, picture, tidy
from pes.potential.leave_one_out import leave_one_out
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

RIDGES = (0.0, 1e-16, 1e-14, 1e-12, 1e-10, 1e-8)
"""For each point."""

EPOCHS = 600
MEMBERS = 4
WIDE = ("h2o", "peslearn")

Pool = tuple[Dataset, Dataset]
Settings = tuple[int, float, float]


def published(set_: str, path: Path) -> Pool:
    """Training and validation rows of a published split together, and its test rows."""
    train, validation, test = getattr(fits, set_)(path)
    return fits.joined(train, validation), test


def own(path: Path) -> Pool:
    """Our CCSD(T) water, a fifth of it for the test."""
    return halves(read(path), 0.8)


def radau(path: Path) -> Pool:
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


SETS: dict[str, tuple[str, Callable[[Path], Pool]]] = {
    "h2o": ("H₂O, CCSD(T), 0–35,000 cm⁻¹", own),
    "peslearn": ("H₂O, PES-Learn, 0–67,000 cm⁻¹", partial(published, "peslearn")),
    "h2co": ("H₂CO, CCSD(T)-F12", partial(published, "h2co")),
    "ch4": ("CH₄, B3LYP", partial(published, "ch4")),
    "spectroscopic": ("H₂O, spectroscopic, 0–20,000 cm⁻¹", radau),
}


@dataclass(frozen=True)
class Polynomial:
    """Constant and invariants, scaled to the points it was made for, and what they are fitted to.

    Attributes:
        features: of positions (B, N, 3), (B, F).
        mean, deviation: of the features at the points, (F,).
        lowest: energy taken from the labels first, hartree.
    """

    features: Invariants
    mean: Tensor
    deviation: Tensor
    lowest: Tensor

    @staticmethod
    def of(points: Dataset, degree: int, length: float) -> "Polynomial":
        """Scaled to these points."""
        invariants = Invariants(points.symbols, degree, length=length)
        values = invariants(points.positions)
        return Polynomial(invariants, values.mean(0), values.std(0), points.energies.min())

    def matrix(self, positions: Tensor) -> Tensor:
        """Of the linear equations, (B, 1 + F)."""
        scaled = (self.features(positions) - self.mean) / self.deviation
        return torch.cat((torch.ones_like(scaled[:, :1]), scaled), 1)

    def fits(self, points: Dataset, ridges: tuple[float, ...]) -> Iterator[tuple[float, Tensor]]:
        """Leave-one-out error in hartree and coefficients for each ridge."""
        yield from leave_one_out(
            self.matrix(points.positions), points.energies - self.lowest,
            [ridge * len(points) for ridge in ridges],
        )  # fmt: skip

    def residuals(self, coefficients: Tensor, points: Dataset) -> Tensor:
        """In hartree, (B,)."""
        return self.matrix(points.positions) @ coefficients + self.lowest - points.energies


def fitted(points: Dataset, settings: Settings) -> tuple[Polynomial, Tensor]:
    """A linear surface and its coefficients."""
    degree, length, ridge = settings
    polynomial = Polynomial.of(points, degree, length)
    return polynomial, next(polynomial.fits(points, (ridge,)))[1]


def best_linear(points: Dataset) -> Settings:
    """Degree, length in bohr and ridge of the lowest leave-one-out error."""
    found = []
    for degree in DEGREES:
        if Invariants(points.symbols, degree).size > FEATURES * len(points):
            break
        for length in LENGTHS:
            errors = Polynomial.of(points, degree, length).fits(points, RIDGES)
            found += [(e, (degree, length, r)) for (e, _), r in zip(errors, RIDGES, strict=True)]
    return min(found)[1]


def rms(residuals: Tensor) -> float:
    """In cm⁻¹."""
    return float(residuals.square().mean().sqrt()) / CM1


def networks(points: Dataset, settings: Settings, seed: int) -> Callable[[Dataset], Tensor] | None:
    """Residuals of the mean of four networks, if on the points held out these beat the linear fit.

    The more points there are, the larger the networks.
    """
    width = 8 if len(points) < 150 else 12 if len(points) < 500 else 16
    cuts = member_cuts(points, members=MEMBERS, share=0.2, seed=seed)
    surface, _ = fits.trained(points, cuts, (width, width), seed=100 * seed, epochs=EPOCHS)
    neural, straight = [], []
    for member, (kept, held) in zip(surface.members, cuts, strict=True):
        out = points.select(held)
        with torch.no_grad():
            neural.append(member(out.positions) - out.energies)
        polynomial, coefficients = fitted(points.select(kept), settings)
        straight.append(polynomial.residuals(coefficients, out))
    if rms(torch.cat(neural)) > rms(torch.cat(straight)):
        return None
    return lambda test: surface(test.positions).detach() - test.energies


def measured(pool: Dataset, test: Dataset, size: int, seed: int, name: str) -> dict:
    """Test RMSE of what was chosen with `size` points."""
    began = time.process_time()
    generator = torch.Generator().manual_seed(100 + seed)
    points = pool.select(torch.randperm(len(pool), generator=generator)[:size])
    if name == "spectroscopic":
        surface, _ = spectroscopic.fitted(arms(points), points.energies / CM1)
        chosen = "mean of linear fits"
        residuals = surface(arms(test)) * CM1 - test.energies
    else:
        settings = best_linear(points)
        better = networks(points, settings, seed) if name in WIDE else None
        if better is not None:
            chosen, residuals = "networks", better(test)
        else:
            polynomial, coefficients = fitted(points, settings)
            residuals = polynomial.residuals(coefficients, test)
            chosen = "linear, degree {}, length {}, ridge {:g}".format(*settings)
    return {
        "points": size, "seed": seed, "chosen": chosen, "test_rmse_cm1": rms(residuals.detach()),
        "cpu_s": time.process_time() - began,
    }  # fmt: skip


def arms(points: Dataset) -> Tensor:
    """R1, R2 (Å) and cos θ again, (B, 3)."""
    x = points.positions / ANGSTROM
    first, second = x[:, 1].norm(dim=-1), x[:, 2].norm(dim=-1)
    return torch.stack((first, second, (x[:, 1] * x[:, 2]).sum(-1) / (first * second)), 1)


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
        tidy(axes, "points, validation included", "test RMSE (cm⁻¹)")


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
        some = [measured(pool, test, size, seed, given.set) for seed in SEEDS]
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
