"""Run by test_distributed.py on each rank: what one process and several get from one state.

    python shared_fit.py DATA RESULT

Prints the threads of the process group that are left at the end.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pes.data import Dataset, read
from pes.descriptors import Invariants
from pes.potential import NeuralSurface, neural_surface
from pes.run.cluster import ranks_started
from pes.training import OPTIMIZERS
from pes.training.distributed import Ranks
from pes.training.ensembles.fit import ensemble_epochs
from pes.training.ensembles.problem import ensemble_problems
from pes.training.ensembles.rows import Rows
from pes.training.ensembles.stacked import Stack
from pes.training.fit import epochs as epochs_of
from pes.training.optimizers.problem import LeastSquares, Step

STEPS = 5


def surface_of(data: Dataset) -> NeuralSurface:
    return neural_surface(
        Invariants(("O", "H", "H"), 2), data.positions, data.energies, hidden=(4,), seed=3
    )


def sums(data: Dataset, ranks: Ranks, *, weighted: bool) -> dict[str, Tensor]:
    """What `fit` offers its optimizer, of seven points; the validation set has four."""
    found: dict[str, Tensor] = {}

    def probe(problem: LeastSquares, parameters: Tensor, state: Any) -> Iterator[Step]:
        batch = torch.tensor([4, 2, 6])  # with two ranks all of rank 0
        found["points"] = torch.tensor(problem.points)
        found["loss alone"] = problem.loss(parameters)
        found["loss of all"], found["gradient of all"] = problem.gradient(parameters)
        found["loss of a batch"], found["gradient of a batch"] = problem.gradient(parameters, batch)
        found["curvature"] = problem.curvature(parameters, torch.ones_like(parameters))
        found["loss"], found["gradient"], found["matrix"] = problem.normal_equations(parameters)
        yield Step(parameters, float(found["loss"]), 1.0, {}, {})

    train, validation = data.select(slice(0, 7)), data.select(slice(7, 11))
    weights = torch.linspace(0.1, 1.9, 7, dtype=torch.float64) if weighted else None
    epoch = next(
        epochs_of(
            surface_of(train),
            train,
            validation,
            optimizer=probe,
            train_weights=weights,
            ranks=ranks,
        )
    )
    errors = (epoch.train_rmse_cm1, epoch.validation_rmse_cm1, epoch.validation_loss)
    found["errors"] = torch.tensor(errors, dtype=torch.float64)
    return found


def energies(data: Dataset, ranks: Ranks, optimizer: str) -> Tensor:
    """Hartree, of 20 points not fitted, after five epochs on 33 others."""
    train, validation = data.select(slice(0, 33)), data.select(slice(33, 40))
    surface = surface_of(train)
    options = {"batch": 5} if optimizer == "adam" else {}
    epochs = epochs_of(
        surface, train, validation, optimizer=partial(OPTIMIZERS[optimizer], **options),
        epochs=STEPS, ranks=ranks,
    )  # fmt: skip
    found = []
    with torch.no_grad():
        for _ in epochs:
            found.append(surface(data.positions[40:]))
    assert len(found) == STEPS
    return found[-1]


def members(data: Dataset) -> list[NeuralSurface]:
    """Three, each with energies of its own to fit."""
    found = [surface_of(data) for _ in range(3)]
    for k, surface in enumerate(found):
        surface.shift += 0.01 * k
    return found


def ensemble_sums(data: Dataset, ranks: Ranks) -> dict[str, Tensor]:
    """Of rows of uneven length, one drawn twice; the last member's are all of rank 0 of two."""
    points = data.select(slice(0, 11))
    rows = [torch.tensor(r) for r in ([0, 1, 1, 2, 5, 7, 10], [3, 4, 5, 6, 8], [0, 2, 4, 8])]
    weights = torch.linspace(0.1, 1.9, 11, dtype=torch.float64)
    surfaces = members(points)
    stack = Stack.like(surfaces[0].mlp)
    train = Rows.of(rows, weights)
    problem, _ = ensemble_problems(surfaces, points, (train, train), None, stack, ranks)
    generator = torch.Generator().manual_seed(2)
    parameters = torch.randn(2, stack.size, generator=generator, dtype=torch.float64)
    going = torch.tensor([0, 2])
    loss, gradient, matrix = problem.normal_equations(parameters, going)
    errors = problem.squares(parameters, going, weighted=False)
    return {
        "force weights": problem.force_weight, "loss alone": problem.loss(parameters, going),
        "loss": loss, "gradient": gradient, "matrix": matrix.tril(),
        "curvature": problem.curvature(parameters, torch.ones_like(parameters), going),
        "energy errors": errors[0], "force errors": errors[1],
    }  # fmt: skip


def ensemble_energies(data: Dataset, ranks: Ranks) -> Tensor:
    """Hartree, of 20 points not fitted, after five epochs of three members on 33 others."""
    points, every = data.select(slice(0, 40)), torch.ones(40, dtype=torch.float64)
    surfaces = members(points)
    train = Rows.of([torch.arange(k, 33 + k) for k in range(3)], every)
    held = [torch.cat((torch.arange(k), torch.arange(33 + k, 40))) for k in range(3)]
    validation = Rows.of(held, every)
    epochs = ensemble_epochs(surfaces, points, train, validation, epochs=STEPS, ranks=ranks)
    found = []
    with torch.no_grad():
        for _ in epochs:
            found.append(torch.cat([surface(data.positions[40:]) for surface in surfaces]))
    assert len(found) == STEPS
    return found[-1]


def results(data: Dataset, ranks: Ranks) -> dict[str, Any]:
    return {
        "sums": {
            "energies": sums(replace(data, forces=None), ranks, weighted=False),
            "forces, weighted": sums(data, ranks, weighted=True),
            "ensemble": ensemble_sums(replace(data, forces=None), ranks),
            "ensemble with forces": ensemble_sums(data, ranks),
        },
        "energies": {name: energies(data, ranks, name) for name in OPTIMIZERS}
        | {"ensemble": ensemble_energies(data, ranks)},
    }


def drifted(ranks: Ranks) -> str:
    try:
        ranks.check_alike(torch.tensor([1.0, 1 + 2e-16 * ranks.rank * 2], dtype=torch.float64))
    except FloatingPointError as error:
        return str(error)
    return "nothing"


def main() -> None:
    torch.set_num_threads(1)
    data = read(sys.argv[1])
    with ranks_started() as ranks:
        shared = results(data, ranks)
        told = drifted(ranks)
        if ranks.rank == 0:
            alone = results(data, Ranks())
            torch.save({"alone": alone, "shared": shared, "drifted": told}, sys.argv[2])
        ranks.all_gather(0)
        # Its functions keep the group of the moment, if it was not imported before the group began.
        import_module("torch._dynamo")
    sys.stdout.write(f"{threads_of_the_group()}\n")


def threads_of_the_group() -> list[str]:
    """None where threads cannot be listed: on Linux alone."""
    names = (file.read_text().strip() for file in Path("/proc/self/task").glob("*/comm"))
    return [name for name in names if "gloo" in name]


if __name__ == "__main__":
    main()
