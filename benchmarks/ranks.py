"""One and two processes on the same fit: how far they agree, and the time of a step.

    python benchmarks/ranks.py data/h2o_ccsdt_vtz.h5 [--epochs 1500] [--ranks 2]

From one state: loss, gradient, JᵀJ and Jᵀr; energies of the test points after five steps of each
optimizer and of an ensemble; then a full fit by Levenberg–Marquardt (split, network and seed as in
configs/h2o_single.yaml), its test RMSE and the time per step. One thread in each process.
"""

import argparse
import os
import platform
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import Tensor

from pes.data import Dataset, read, split
from pes.descriptors import Invariants
from pes.potential import NeuralSurface, neural_surface
from pes.run.cluster import ranks_started
from pes.training import OPTIMIZERS
from pes.training.distributed import Ranks
from pes.training.ensembles.fit import ensemble_epochs
from pes.training.ensembles.rows import Rows
from pes.training.fit import epochs as epochs_of
from pes.training.optimizers.problem import LeastSquares, Step
from pes.units import ANGSTROM, CM1

SEED = 7
MEMBERS = 8
Parts = tuple[Dataset, Dataset, Dataset]


def parts_of(path: Path) -> Parts:
    """Train, validation and test points."""
    points = read(path)
    rows = split(points, fractions=(0.8, 0.1, 0.1), seed=SEED)
    return points.select(rows.train), points.select(rows.validation), points.select(rows.test)


def surface_of(train: Dataset, seed: int = SEED) -> NeuralSurface:
    """Untrained, the same on every rank."""
    return neural_surface(
        Invariants(("O", "H", "H"), 2, length=ANGSTROM), train.positions, train.energies,
        hidden=(16, 16), seed=seed,
    )  # fmt: skip


def sums(parts: Parts, ranks: Ranks) -> dict[str, Tensor]:
    """What an optimizer is given at the start."""
    found: dict[str, Tensor] = {}

    def probe(problem: LeastSquares, parameters: Tensor, state: Any) -> Iterator[Step]:
        found["loss"], found["Jᵀr"], found["JᵀJ"] = problem.normal_equations(parameters)
        found["gradient"] = problem.gradient(parameters)[1]
        yield Step(parameters, float(found["loss"]), 0.0, {}, {})

    next(epochs_of(surface_of(parts[0]), parts[0], parts[1], optimizer=probe, ranks=ranks))
    return found


def energies(parts: Parts, ranks: Ranks, optimizer: str, epochs: int) -> tuple[Tensor, float]:
    """Hartree at the test points after the last epoch, and seconds per epoch."""
    train, validation, test = parts
    surface, seconds, found = surface_of(train), 0.0, torch.empty(0)
    for epoch in epochs_of(
        surface, train, validation, optimizer=OPTIMIZERS[optimizer], epochs=epochs,
        patience=epochs, ranks=ranks,
    ):  # fmt: skip
        seconds = epoch.seconds / epoch.epoch
        if epoch.epoch == epochs:
            found = predicted(surface, test)
    return found, seconds


def ensemble_energies(parts: Parts, ranks: Ranks, epochs: int) -> tuple[Tensor, float]:
    """The same for the mean of several members, each holding out its own training points."""
    train, _, test = parts
    surfaces = [surface_of(train, SEED + k) for k in range(MEMBERS)]
    rows, every = torch.arange(len(train)), torch.ones_like(train.energies)
    kept, held = (
        Rows.of([rows[(rows % MEMBERS == k) == out] for k in range(MEMBERS)], every)
        for out in (False, True)
    )
    seconds, found = 0.0, torch.empty(0)
    for epoch in ensemble_epochs(
        surfaces, train, kept, held, epochs=epochs, patience=epochs, ranks=ranks
    ):
        seconds = epoch.seconds / epoch.epoch
        if epoch.epoch == epochs:
            found = torch.stack([predicted(surface, test) for surface in surfaces]).mean(0)
    return found, seconds


def full_fit(parts: Parts, ranks: Ranks, epochs: int) -> dict[str, float]:
    """Errors of the best epoch, chosen on the validation points."""
    train, validation, test = parts
    surface, cpu = surface_of(train), time.process_time()
    last = list(epochs_of(surface, train, validation, epochs=epochs, patience=epochs, ranks=ranks))[
        -1
    ]
    error = (predicted(surface, test) - test.energies).square().mean().sqrt() / CM1
    return {
        "test RMSE (cm-1)": float(error),
        "epochs": last.epoch,
        "ms per step": 1e3 * last.seconds / last.epoch,
        "CPU-s of rank 0": time.process_time() - cpu,
    }


def predicted(surface: NeuralSurface, points: Dataset) -> Tensor:
    """Energies (B,) in hartree."""
    with torch.no_grad():
        return surface(points.positions)


def measure(rank: int, count: int, port: int, path: Path, epochs: int, result: Path) -> None:
    """One process of a measurement; the first writes the result."""
    torch.set_num_threads(1)
    os.environ |= {
        "RANK": str(rank), "WORLD_SIZE": str(count), "LOCAL_RANK": str(rank),
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
    }  # fmt: skip
    parts = parts_of(path)
    with ranks_started() as ranks:
        found = {
            "sums": sums(parts, ranks),
            "energies": {name: energies(parts, ranks, name, 5) for name in OPTIMIZERS}
            | {f"ensemble of {MEMBERS}": ensemble_energies(parts, ranks, 5)},
            "fit": full_fit(parts, ranks, epochs),
        }
        if rank == 0:
            torch.save(found, result)
        ranks.all_gather(0)


def measured(count: int, path: Path, epochs: int) -> dict[str, Any]:
    """Results of `count` processes."""
    with socket.socket() as free, TemporaryDirectory() as folder:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        result = Path(folder) / "result.pt"
        torch.multiprocessing.spawn(measure, (count, port, path, epochs, result), nprocs=count)
        return torch.load(result, weights_only=True)


def main() -> None:
    """Print the agreement, the errors and the times."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("path", type=Path)
    parser.add_argument("--epochs", type=int, default=1500)
    parser.add_argument("--ranks", type=int, default=2)
    given = parser.parse_args()
    load = os.getloadavg()[0]
    alone, together = (measured(n, given.path, given.epochs) for n in (1, given.ranks))
    print(f"{platform.machine()}, {os.cpu_count()} cores, load before {load:.1f}, one thread each")
    print(f"1 and {given.ranks} ranks from one state, largest relative difference:")
    for name, value in alone["sums"].items():
        difference = (together["sums"][name] - value).abs().max() / value.abs().max()
        print(f"  {name:10} {float(difference):.1e}")
    print("test energies after five steps, largest difference:")
    for name, (value, one) in alone["energies"].items():
        other, several = together["energies"][name]
        difference = float((other - value).abs().max())
        print(
            f"  {name:20} {difference:.1e} hartree, {difference / CM1:.1e} cm-1, "
            f"{difference / float(value.max() - value.min()):.1e} of their range; "
            f"{1e3 * one:.1f} and {1e3 * several:.1f} ms per step"
        )
    print("full fit, Levenberg-Marquardt:")
    for name, value in alone["fit"].items():
        print(f"  {name:20} {value:12.4f} {together['fit'][name]:12.4f}")


if __name__ == "__main__":
    main()
