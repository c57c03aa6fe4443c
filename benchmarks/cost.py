"""What forces cost: a step on energies and forces against one on the same energies alone.

    python benchmarks/cost.py                                  # points made up here
    python benchmarks/cost.py --h2co h2co_ccsdt_avtz_4001.npz  # MMunibas/KerNN
    python benchmarks/cost.py --water data/h2o_ccsdt_vdz_forces.h5

Adam: an epoch in batches of 64. L-BFGS: a step of ten line searches, divided by its evaluations
of the gradient. Levenberg-Marquardt: an iteration. Steps with and without forces take turns;
medians of CPU seconds. Wanted: at most 3 for the first two, 1.5 (1 + 3N) for the last.
"""

import argparse
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector

from pes.data import Dataset, read
from pes.descriptors import Invariants
from pes.geometry import distances
from pes.potential import energies_and_forces, neural_surface
from pes.training import adam, lbfgs, levenberg_marquardt
from pes.training.loss import balanced_force_weight, prepare, surface_problem
from pes.training.optimizers.problem import ChunkedLeastSquares, Optimizer
from pes.units import ANGSTROM, EV

OPTIMIZERS: dict[str, Optimizer] = {
    "adam": adam,
    "lbfgs": lbfgs,
    "levenberg_marquardt": levenberg_marquardt,
}
WATER = [[0.0, 0, 0], [1.8, 0, 0], [-0.5, 1.7, 0]]
FORMALDEHYDE = [[0.0, 0, 0], [0, 0, 2.28], [0, 1.77, -1.1], [0, -1.77, -1.1]]


def h2co(path: Path) -> Dataset:
    """Formaldehyde, atoms C, O, H, H; eV and Å."""
    with np.load(path) as file:
        x, e, f = (torch.from_numpy(file[key]).double() for key in "REF")
    return Dataset(("C", "O", "H", "H"), x * ANGSTROM, e * EV, forces=f * EV / ANGSTROM)


def made_up(symbols: tuple[str, ...], start: list[list[float]], points: int) -> Dataset:
    """Displaced geometries with energies and forces of Morse bonds between all atoms."""
    x0 = torch.tensor(start, dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(points, *x0.shape, generator=generator, dtype=torch.float64)
    lengths = distances(x0)

    def energy(x: Tensor) -> Tensor:
        return (0.1 * (1 - torch.exp(lengths - distances(x))) ** 2).sum(-1)

    energies, forces = energies_and_forces(energy, x0 + 0.1 * noise)
    return Dataset(symbols, x0 + 0.1 * noise, energies, forces=forces)


def problem(data: Dataset, hidden: tuple[int, ...]) -> tuple[ChunkedLeastSquares, Tensor]:
    """The residuals of a network on invariants of degree 2, and where it starts."""
    surface = neural_surface(
        Invariants(data.symbols, 2), data.positions, data.energies, hidden=hidden
    )
    start = parameters_to_vector(surface.mlp.parameters()).detach()
    return surface_problem(
        surface.mlp, prepare(surface, data), force_weight=balanced_force_weight(surface, data)
    ), start


def timed(method: Optimizer, made: tuple[ChunkedLeastSquares, Tensor]) -> Iterator[float]:
    """CPU seconds of one step after another; for L-BFGS of one gradient."""
    calls = [0]
    inner = made[0].gradients

    def counted(x: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
        calls[0] += len(points)
        assert inner is not None
        return inner(x, points)

    whole = replace(made[0], gradients=counted)
    steps = method(whole, made[1], None)
    while True:
        calls[0], started = 0, time.process_time()
        next(steps)
        seconds = time.process_time() - started
        yield seconds / max(1.0, calls[0] / whole.points)


def compare(method: Optimizer, data: Dataset, hidden: tuple[int, ...], repetitions: int) -> None:
    """Print the cost of a step with and without forces."""
    with_forces, without = problem(data, hidden), problem(replace(data, forces=None), hidden)
    turns = timed(method, without), timed(method, with_forces)
    for turn in turns:
        next(turn)
    pairs = [(next(turns[0]), next(turns[1])) for _ in range(repetitions)]
    energy, both = (median(column) for column in zip(*pairs, strict=True))
    print(f"{1e3 * energy:10.3f} {1e3 * both:10.3f} {both / energy:7.2f}", end="  ", flush=True)


def main() -> None:
    """Print a table of costs and their ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--water", type=Path)
    parser.add_argument("--h2co", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repetitions", type=int, default=15)
    parser.add_argument("--hidden", type=int, nargs="+", default=[20, 20])
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    sets: dict[str, Callable[[], Dataset]] = {
        "water": partial(made_up, ("O", "H", "H"), WATER, 1000),
        "H2CO": partial(made_up, ("C", "O", "H", "H"), FORMALDEHYDE, 3200),
    }
    if given.water is not None:
        sets["water"] = partial(read, given.water)
    if given.h2co is not None:
        sets["H2CO"] = partial(h2co, given.h2co)
    print(f"{platform.processor() or platform.machine()}, {given.threads} threads, CPU ms per step")
    print(f"{'':32}{'energies':>10} {'+ forces':>10} {'ratio':>7}  wanted")
    for name, make in sets.items():
        data = make()
        for kind, method in OPTIMIZERS.items():
            limit = 1.5 * (1 + 3 * len(data.symbols)) if kind == "levenberg_marquardt" else 3.0
            print(f"{name:6}{len(data):6} {kind:19}", end="", flush=True)
            compare(method, data, tuple(given.hidden), given.repetitions)
            print(f"<= {limit:g}")


if __name__ == "__main__":
    main()
