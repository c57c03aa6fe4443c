"""Sums of an ensemble against the errors of the surfaces themselves."""

import torch
from torch.nn.utils import parameters_to_vector

from pes.data.dataset import Dataset
from pes.descriptors import Invariants
from pes.potential import energies_and_forces, neural_surface
from pes.potential.analytic import WaterPJT
from pes.training.distributed import Ranks
from pes.training.ensembles.problem import ensemble_problems
from pes.training.ensembles.rows import Rows
from pes.training.ensembles.stacked import Stack

START = torch.tensor([[0.0, 0, 0], [1.8, 0, 0], [-0.5, 1.7, 0]], dtype=torch.float64)


def test_mean_squares_are_the_errors_of_each_surface() -> None:
    """Three points, as 1/3 in single precision is off by 1e-8; 1e-12 for the order of sums."""
    generator = torch.Generator().manual_seed(0)
    x = START + 0.08 * torch.randn(6, 3, 3, generator=generator, dtype=torch.float64)
    energies, forces = energies_and_forces(WaterPJT(), x)
    points = Dataset(("O", "H", "H"), x, energies, forces=forces)
    surfaces = [
        neural_surface(Invariants(points.symbols, 2), x, energies, hidden=(4,), seed=seed)
        for seed in (0, 1)
    ]
    seen = [torch.tensor([0, 1, 2]), torch.tensor([3, 4, 5])]
    weights = torch.linspace(0.5, 1.5, 6, dtype=torch.float64)
    rows = Rows.of(seen, weights)
    problem, _ = ensemble_problems(
        surfaces, points, (rows, rows), 0.3, Stack.like(surfaces[0].mlp), Ranks()
    )
    vectors = torch.stack([parameters_to_vector(s.mlp.parameters()).detach() for s in surfaces])
    squares = problem.squares(vectors, torch.tensor([0, 1]), weighted=False)
    weighted = problem.loss(vectors, torch.tensor([0, 1]))
    for k, surface in enumerate(surfaces):
        e, f = energies_and_forces(surface, x[seen[k]])
        energy = (e - energies[seen[k]]).square() / surface.scale**2
        force = (f - forces[seen[k]]).square().sum((1, 2)) / surface.scale**2
        torch.testing.assert_close(squares[0][k], energy.mean(), rtol=1e-12, atol=0)
        torch.testing.assert_close(squares[1][k], force.mean(), rtol=1e-12, atol=0)
        w = weights[seen[k]] / weights[seen[k]].sum()
        loss = 0.5 * (w * (energy + 0.3 * force)).sum()
        torch.testing.assert_close(weighted[k], loss, rtol=1e-12, atol=0)
