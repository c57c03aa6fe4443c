import pytest
import torch
from scattered_waters import WATER, waters

from pes.descriptors import Distances, Invariants
from pes.potential.analytic import WaterPJT
from pes.potential.neural import NeuralSurface, energies_and_forces, neural_surface


def surface(baseline: torch.nn.Module | None = None) -> NeuralSurface:
    x = waters(20)
    energies = WaterPJT()(x).detach() - 76
    return neural_surface(Invariants(WATER, 2), x, energies, hidden=(5,), baseline=baseline)


@pytest.mark.parametrize("baseline", [None, WaterPJT()])
def test_forces_are_finite_differences(baseline: torch.nn.Module | None) -> None:
    model, x = surface(baseline), waters(2)
    energies, forces = energies_and_forces(model, x)
    assert torch.equal(energies, model(x).detach())
    step = 1e-4
    for k in range(9):
        shift = torch.zeros(9, dtype=torch.float64)
        shift[k] = step
        slope = (model(x + shift.view(3, 3)) - model(x - shift.view(3, 3))) / (2 * step)
        # Error of the central difference: h² V'''/6, V''' up to 100 for short bonds.
        torch.testing.assert_close(forces.flatten(1)[:, k], -slope.detach(), rtol=0, atol=1e-6)


def test_derivatives_with_respect_to_positions() -> None:
    model, x = surface(), waters(2).requires_grad_()
    assert torch.autograd.gradcheck(model, x)
    assert torch.autograd.gradgradcheck(model, x)


def test_inputs_are_standardised_and_outputs_scaled() -> None:
    model, x = surface(), waters(20)
    z = model.inputs(x)
    torch.testing.assert_close(z.mean(0), torch.zeros(6, dtype=z.dtype), rtol=0, atol=1e-12)
    torch.testing.assert_close(z.std(0, correction=0), torch.ones(6, dtype=z.dtype))
    assert model.shift.item() == pytest.approx((WaterPJT()(x) - 76).mean().item(), abs=1e-12)


def test_a_perfect_baseline_leaves_a_constant() -> None:
    model, x = surface(WaterPJT()), waters(20)
    assert model.shift.item() == pytest.approx(-76, abs=1e-12)
    assert model.scale.item() == 1e-9
    torch.testing.assert_close(model(x), WaterPJT()(x) - 76, rtol=0, atol=1e-8)


def test_points_that_are_all_the_same() -> None:
    x = waters(1).expand(5, 3, 3)
    model = neural_surface(Distances(WATER), x, x.new_full((5,), -76.0))
    assert model(x).isfinite().all()


def test_forces_do_not_need_grad_mode() -> None:
    with torch.no_grad():
        _, forces = energies_and_forces(surface(), waters(1))
    assert forces.abs().max() > 0


def test_forces_of_a_function_in_numpy() -> None:
    with pytest.raises(ValueError, match="torch cannot differentiate"):
        energies_and_forces(lambda x: torch.from_numpy(x.detach().numpy().sum((1, 2))), waters(1))
