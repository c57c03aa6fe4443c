"""Run by test_distributed.py on each rank: what one process and several get from one state.

python shared_fit.py DATA RESULT
"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from pes.data import Dataset, read
from pes.descriptors import Invariants
from pes.potential import NeuralSurface, neural_surface
from pes.run.cluster import ranks_started
from pes.training import OPTIMIZERS
from pes.training.distributed import Ranks
from pes.training.fit import fit
from pes.training.problem import LeastSquares, Step

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
        fit(
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
    epochs = fit(
        surface, train, validation, optimizer=partial(OPTIMIZERS[optimizer], **options),
        epochs=STEPS, ranks=ranks,
    )  # fmt: skip
    found = []
    with torch.no_grad():
        for _ in epochs:
            found.append(surface(data.positions[40:]))
    assert len(found) == STEPS
    return found[-1]


def results(data: Dataset, ranks: Ranks) -> dict[str, Any]:
    return {
        "sums": {
            "energies": sums(replace(data, forces=None), ranks, weighted=False),
            "forces, weighted": sums(data, ranks, weighted=True),
        },
        "energies": {name: energies(data, ranks, name) for name in OPTIMIZERS},
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
        ranks.each(0)


if __name__ == "__main__":
    main()
