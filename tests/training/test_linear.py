import pytest
import torch
from torch import Tensor

from pes.data import Dataset
from pes.descriptors import Invariants
from pes.potential.analytic import WaterPJT
from pes.training.errors import error_report
from pes.training.linear import fit_linear
from pes.units import CM1

WATER = ("O", "H", "H")


def points(count: int, seed: int, noise: float = 0.0) -> Dataset:
    generator = torch.Generator().manual_seed(seed)
    start = torch.tensor([[0.0, 0, 0], [1.8, 0, 0], [-0.5, 1.7, 0]], dtype=torch.float64)
    x = start + 0.15 * torch.randn(count, 3, 3, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        energies = WaterPJT()(x)
    return Dataset(
        WATER, x, energies + noise * torch.randn(count, generator=generator, dtype=torch.float64)
    )


def rmse(surface: torch.nn.Module, dataset: Dataset) -> float:
    value = error_report(surface, dataset, lowest=0.0)["energy"]["rmse"]["all"]
    assert value is not None
    return value


def test_the_choice_is_the_best_on_the_validation_points() -> None:
    train, validation = points(150, 0), points(60, 1)
    descriptors = [Invariants(WATER, d, length=a) for d in (2, 4, 5) for a in (1.5, 2.5)]
    surface, tried = fit_linear(descriptors, train, validation)
    errors = [one.validation_cm1 for one in tried]
    assert all(e == min(one.by_ridge.values()) for e, one in zip(errors, tried, strict=True))
    # Rounding of coefficients that regularisation lets grow to some 1e3 hartree.
    assert rmse(surface, validation) == pytest.approx(min(errors), rel=1e-3)
    assert errors[0] > 5 * min(errors)


def test_noise_asks_for_a_ridge() -> None:
    """With 80 noisy points for 82 coefficients the fit through every point is poor."""
    train, validation, test = points(80, 0, 20 * CM1), points(80, 1), points(80, 2)
    descriptor = Invariants(WATER, 7)
    free, _ = fit_linear([descriptor], train, validation, ridges=[1e-15])
    chosen, (one,) = fit_linear([descriptor], train, validation)
    assert one.ridge > 1e-10
    assert rmse(chosen, test) < rmse(free, test) / 2


def test_one_ridge_leaves_nothing_to_choose() -> None:
    surface, (one,) = fit_linear([Invariants(WATER, 3)], points(60, 0), points(5, 1), ridges=[0.0])
    assert one.validation_cm1 is None
    assert one.by_ridge == {}
    assert surface.descriptor.size == one.coefficients


def test_too_few_points_without_ridge() -> None:
    with pytest.raises(ValueError, match="20 points cannot determine"):
        fit_linear([Invariants(WATER, 5)], points(20, 0), points(5, 1), ridges=[0.0])
    fit_linear([Invariants(WATER, 5)], points(20, 0), points(5, 1))


def test_on_top_of_a_surface() -> None:
    def under(x: Tensor) -> Tensor:
        return surface(x) - 1.5

    surface = WaterPJT().requires_grad_(False)
    baseline = torch.nn.Module()
    baseline.forward = under
    found, _ = fit_linear([Invariants(WATER, 1)], points(30, 0), points(9, 1), baseline=baseline)
    assert rmse(found, points(20, 2)) < 1e-6
