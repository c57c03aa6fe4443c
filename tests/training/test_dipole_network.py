"""Networks fitted to dipole moments: their residuals, and the fit."""

from functools import partial

import pytest
import torch
from scattered_waters import WATER, bond_moments, waters
from torch.nn.utils import parameters_to_vector

from pes.potential.dipole_network import DipoleNetwork, scaled_to
from pes.training import OPTIMIZERS
from pes.training.dipole_network import dipole_problem, fit_network


def points(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Positions about those of water, and moments of charges that change with the bonds."""
    x = waters(count, 3, size=0.2)
    return x, bond_moments(x)


@pytest.mark.parametrize("elements", [WATER, ("H", "H", "H")])
@pytest.mark.parametrize("charge", [0, 1])
def test_residuals_and_their_derivatives(elements: tuple[str, ...], charge: int) -> None:
    x, mu = points(7)
    weights = torch.linspace(0.5, 2.0, 7, dtype=torch.float64)
    surface = scaled_to(DipoleNetwork(elements, 2, (4, 3), charge=charge), x, mu)
    problem = dipole_problem(surface, x, mu, weights)
    p = parameters_to_vector(surface.networks.parameters()).detach()
    rows, jacobian = problem.jacobian(p, torch.arange(7))
    # The surface itself, by another way than the residuals of the problem.
    errors = (surface(x) - mu) / surface.scale * (weights / weights.sum()).sqrt()[:, None]
    assert torch.allclose(rows, errors.flatten().detach(), atol=1e-12)

    def residuals(parameters: torch.Tensor) -> torch.Tensor:
        return problem.residuals(parameters, torch.arange(7))

    exact = torch.autograd.functional.jacobian(residuals, p)
    assert torch.allclose(jacobian, exact, atol=1e-12)
    loss, gradient = problem.gradient(p)
    assert torch.allclose(gradient, exact.mT @ rows, atol=1e-12)
    assert float(loss) == pytest.approx(0.5 * float(rows.square().sum()))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_moments_of_another_network_are_learned(name: str) -> None:
    """The answer is known: moments of a network of the same shape."""
    x, _ = points(160)
    target = DipoleNetwork(WATER, 1, (4,), seed=5)
    mu = target(x).detach()
    surface = scaled_to(DipoleNetwork(WATER, 1, (4,)), x[:120], mu[:120])
    alike = torch.ones(160, dtype=torch.float64)
    problem = dipole_problem(surface, x[:120], mu[:120], alike[:120])
    held_out = dipole_problem(surface, x[120:], mu[120:], alike[120:])
    before = float(held_out.loss(parameters_to_vector(surface.networks.parameters())))
    epochs = 12
    options = {"epochs": epochs, "seed": 0} if name == "adam" else {}
    end = fit_network(
        surface, problem, held_out, partial(OPTIMIZERS[name], **options), epochs=epochs
    )
    after = float(held_out.loss(parameters_to_vector(surface.networks.parameters())))
    # Second-order steps: far below; a dozen epochs of small batches learn most of it.
    assert after < before * (1e-4 if name == "levenberg_marquardt" else 0.5)
    assert 0 < end.best_epoch <= end.epochs <= epochs


def test_the_best_epoch_is_kept_and_patience_ends_a_fit() -> None:
    x, mu = points(60)
    alike = torch.ones(60, dtype=torch.float64)
    surface = scaled_to(DipoleNetwork(WATER, 2, (12,)), x[:15], mu[:15])
    problem = dipole_problem(surface, x[:15], mu[:15], alike[:15])
    held_out = dipole_problem(surface, x[15:], mu[15:], alike[15:])
    # Fifteen points for 120 weights: the training error falls while the other one rises.
    losses = []

    def watched(problem, parameters, state):
        for step in OPTIMIZERS["lbfgs"](problem, parameters, state):
            losses.append(float(held_out.loss(step.parameters)))
            yield step

    end = fit_network(surface, problem, held_out, watched, epochs=60, patience=5)
    assert end.reason == "patience"
    assert end.epochs == end.best_epoch + 5 == len(losses)
    kept = float(held_out.loss(parameters_to_vector(surface.networks.parameters())))
    assert kept == losses[end.best_epoch - 1]
    assert fit_network(surface, problem, held_out, watched, max_seconds=0).reason == "max_seconds"
