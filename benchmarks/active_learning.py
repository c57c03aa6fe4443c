"""Points needed for levels of a given accuracy, by the way in which new points are chosen.

    python benchmarks/active_learning.py [PICTURE]

Water below 20,000 cm⁻¹, the analytic surface of Polyansky, Jensen and Tennyson (1996) in place of
an ab initio program; 80 points to begin with, 20 more in each round, five seeds. The fits are
linear of degree 10, the ensemble has eight of them on bootstrap rows. New points are those of the
Sobol sequence as in `pes-sample`, those where the ensemble differs (`choose: spread`), or those for
the error bars of 20 levels, which are computed again in each round (`choose: levels`). The error
is the root mean square over 19 levels above the ground state, to first order.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import pes
from pes import BasisSize, Ensemble, Invariants, LinearSurface, Surface, linear_surface
from pes.coordinates.valence import Valence
from pes.data.sampling import acceptance, sobol_sequence
from pes.plots.figure import COLOURS, picture, tidy
from pes.potential import SurfaceRecord
from pes.potential.analytic import WaterPJT
from pes.potential.holes.box import distance_box
from pes.potential.holes.coverage import Coverage
from pes.potential.holes.proposals import proposals
from pes.potential.holes.search import candidates
from pes.units import ANGSTROM, CM1, DEGREE

SYMBOLS = ("O", "H", "H")
SAMPLED = [(0.75 * ANGSTROM, 1.6 * ANGSTROM)] * 2 + [(60 * DEGREE, 170 * DEGREE)]
ENERGY = 20000 * CM1
FIRST, ADDED, MEMBERS, SEEDS = 80, 20, 8, 5
MOST = {"Sobol": 480, "spread": 320, "levels": 200}
DEGREE_OF_FIT, RIDGE = 10, 1e-10
LEVELS = 20
GRID = {
    "r1": BasisSize(functions=8, points=12), "r2": BasisSize(functions=8, points=12),
    "theta": BasisSize(functions=12, points=16),
}  # fmt: skip
RANGES = {"r1": (0.75, 1.5), "r2": (0.75, 1.5), "theta": (60.0, 170.0)}
MINIMUM = [[0.0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]]
LIMITS = (5.0, 2.0, 1.2)
TRUTH = WaterPJT().requires_grad_(False)

Choice = Callable[[Tensor, int], Tensor]


def levels(surface: Surface) -> pes.LevelsResult:
    """Levels in a fixed basis."""
    return pes.levels(
        surface, count=LEVELS, basis=GRID, ranges=RANGES, reference=MINIMUM, convergence=False
    )


def fitted(x: Tensor) -> LinearSurface:
    """A linear surface through the labels of x."""
    surface = linear_surface(Invariants(SYMBOLS, DEGREE_OF_FIT), x, TRUTH(x), ridge=RIDGE)
    return surface.requires_grad_(False)


def ensemble(x: Tensor, seed: int) -> Surface:
    """Fits of bootstrap rows of x, with the points that they know."""
    generator = torch.Generator().manual_seed(seed)
    draws = [torch.randint(len(x), (len(x),), generator=generator) for _ in range(MEMBERS)]
    record = SurfaceRecord(SYMBOLS, (0.0, float(ENERGY)), "none", x)
    return Surface(Ensemble([fitted(x[rows]) for rows in draws]), SYMBOLS, record)


def evenly(count: int, seed: int) -> Tensor:
    """Geometries as `pes-sample` chooses them by energy."""
    points = sobol_sequence(SAMPLED, 14, seed)
    x = Valence(0, (1, 2)).to_positions(points[:, :-1])
    return x[points[:, -1] < acceptance(TRUTH(x), float(ENERGY), 1000 * CM1)][:count]


def by_sobol(x: Tensor, seed: int) -> Tensor:
    """The next points of the sequence."""
    return evenly(len(x) + ADDED, seed)[-ADDED:]


def by_spread(x: Tensor, seed: int) -> Tensor:
    """Points where the members differ most, apart from one another."""
    members = ensemble(x, seed).ensemble
    some = candidates(distance_box(SYMBOLS, x), x, 8192, seed=seed)
    some = some[members(some) <= ENERGY]
    return some[proposals(Coverage(SYMBOLS, x), some, members.spread(some), ADDED)]


def by_levels(x: Tensor, seed: int) -> Tensor:
    """Points for the error bars of the levels; by spread where a hole forbids levels."""
    surface = ensemble(x, seed)
    try:
        known = levels(surface)
    except ValueError:
        return by_spread(x, seed)
    return pes.propose(known, count=ADDED, number=LEVELS, seed=seed).positions


CHOICES: dict[str, Choice] = {"Sobol": by_sobol, "spread": by_spread, "levels": by_levels}


def errors(choose: Choice, most: int, seed: int, grid: Tensor, densities: Tensor) -> list[float]:
    """Errors of the levels, cm⁻¹, from `FIRST` points to `most`."""
    x, values = evenly(FIRST, seed), []
    while True:
        moved = densities @ (fitted(x)(grid) - TRUTH(grid)) / CM1
        values.append(float((moved - moved[0])[1:].square().mean().sqrt()))
        if len(x) >= most:
            return values
        x = torch.cat((x, choose(x, seed)))


def needed(curve: np.ndarray, limit: float) -> str:
    """Points from which on an error stays below a limit."""
    good = np.flip(np.logical_and.accumulate(np.flip(curve < limit)))
    return str(FIRST + ADDED * int(good.argmax())) if good.any() else "more"


def draw(path: Path, curves: dict[str, np.ndarray]) -> None:
    """Medians of the seeds, with the lowest and the highest."""
    with picture(path, 7.0, 4.5) as figure:
        axes = figure.subplots()
        for (name, curve), colour in zip(curves.items(), COLOURS, strict=False):
            points = FIRST + ADDED * np.arange(curve.shape[1])
            axes.plot(points, np.median(curve, 0), "o-", color=colour, label=name, markersize=4)
            axes.fill_between(points, curve.min(0), curve.max(0), color=colour, alpha=0.15, lw=0)
        axes.set_yscale("log")
        axes.legend(title="chosen by", frameon=False)
        tidy(axes, "points", "error of 19 levels / cm$^{-1}$")


def main() -> None:
    """Errors and points needed, median of the seeds, and the picture."""
    torch.set_num_threads(1)
    cpu = time.process_time()
    true = levels(Surface(TRUTH, SYMBOLS)).levels
    grid, densities = true.positions.detach(), true.densities
    curves = {}
    print(f"{'chosen by':<12}{'points':>8}{'median':>9}{'lowest':>9}{'highest':>9}  (cm-1)")
    for name, choose in CHOICES.items():
        all_seeds = [errors(choose, MOST[name], s, grid, densities) for s in range(SEEDS)]
        curves[name] = np.array(all_seeds)
        for k, column in enumerate(curves[name].T):
            print(f"{name:<12}{FIRST + ADDED * k:8}{np.median(column):9.2f}{column.min():9.2f}"
                  f"{column.max():9.2f}", flush=True)  # fmt: skip
    for limit in LIMITS:
        counts = {name: needed(np.median(curve, 0), limit) for name, curve in curves.items()}
        words = ", ".join(f"{name} {count}" for name, count in counts.items())
        print(f"points for {limit:g} cm-1: {words}")
    print(f"{time.process_time() - cpu:.0f} CPU-s, 1 thread")
    if len(sys.argv) > 1:
        draw(Path(sys.argv[1]), curves)


if __name__ == "__main__":
    main()
