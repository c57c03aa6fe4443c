"""Kernel surfaces: their formula, their symmetry, their derivatives, errors of points left out."""

import math
from itertools import permutations

import pytest
import torch
from scattered_waters import WATER, waters
from torch import Tensor

from pes.potential import KernelSurface, kernel_surface
from pes.potential.analytic import WaterPJT
from pes.potential.kernel import matern


def fitted(count: int = 60, **options) -> tuple[KernelSurface, Tensor]:
    x = waters(count)
    return kernel_surface(WATER, x, WaterPJT()(x).detach(), length=2.0, **options)


def test_kernel_is_the_bessel_function() -> None:
    """κ = 2^{1−ν}/Γ(ν) z^ν K_ν(z) with ν = 9/2; SciPy's K_ν has 14 digits."""
    from scipy.special import gamma, kv

    d = torch.tensor([1e-4, 0.02, 0.3, 1.0, 4.0], dtype=torch.float64)
    exact = [2**-3.5 / gamma(4.5) * z**4.5 * kv(4.5, z) for z in (3 * d).tolist()]
    assert matern(d.square()).tolist() == pytest.approx(exact, rel=1e-12)


def test_series_joins_the_formula() -> None:
    """The first term that the series leaves out, z⁹/33075, is 1e-22 where the two meet."""
    s = torch.tensor([0.99999e-4 / 9, 1.00001e-4 / 9], dtype=torch.float64, requires_grad=True)
    values = matern(s)
    assert float((values[1] - values[0]).detach()) == pytest.approx(-2e-9 / 14, rel=1e-4)
    (slopes,) = torch.autograd.grad(values.sum(), s)
    assert float(slopes[0]) == pytest.approx(float(slopes[1]), rel=1e-8)


def test_what_a_fit_leaves_is_its_noise_times_the_coefficients() -> None:
    """(K + λ) c = E − shift, so that E − V(x_m) = λ c_m; 1e-9 hartree are rounding errors."""
    x = waters(60)
    surface, _ = fitted(noise=1e-9)
    left = WaterPJT()(x) - surface(x)
    torch.testing.assert_close(left, 1e-9 * surface.coefficients, rtol=0, atol=1e-9)
    assert 1e-8 < left.abs().max() < 1e-4


def test_like_atoms_may_be_exchanged_and_others_not() -> None:
    surface, _ = fitted()
    x = waters(5, seed=1)
    # Coefficients of 1e3 hartree cancel: rounding is that much larger than of the energies.
    size = float(surface.coefficients.abs().max())
    torch.testing.assert_close(
        surface(x[:, [0, 2, 1]]), surface(x), rtol=0, atol=100 * 2.2e-16 * size
    )
    assert (surface(x[:, [1, 0, 2]]) - surface(x)).abs().min() > 1e-3


def test_permutations_of_four_like_atoms() -> None:
    x = 2 * torch.rand(6, 4, 3, generator=torch.Generator().manual_seed(2)).double()
    surface, _ = kernel_surface(("H",) * 4, x, x.square().sum((1, 2)), length=2.0, width=9.0)
    y = x[:2] + 0.1
    y[:, 0] += 0.2
    for order in permutations(range(4)):
        torch.testing.assert_close(surface(y[:, list(order)]), surface(y), rtol=1e-9, atol=1e-9)


def test_an_energy_does_not_depend_on_its_batch() -> None:
    surface, _ = fitted(60, noise=1e-11)
    x = waters(9, seed=4)
    with torch.no_grad():
        assert torch.equal(torch.cat([surface(part) for part in x.split([1, 2, 6])]), surface(x))


def test_derivatives_also_at_a_point_of_the_fit() -> None:
    surface, _ = fitted(4)
    x = torch.cat((waters(4)[:1], waters(1, seed=5))).requires_grad_()
    assert torch.autograd.gradcheck(surface, (x,))
    assert torch.autograd.gradgradcheck(surface, (x,))


def test_derivatives_by_coefficients() -> None:
    surface, _ = fitted(12)
    surface.requires_grad_(True)
    x = waters(3, seed=5)
    surface(x).sum().backward()
    assert surface.coefficients.grad is not None
    expected = surface.kernel(surface.pair_variables(x)).sum(0)
    torch.testing.assert_close(surface.coefficients.grad, expected)
    assert float(torch.as_tensor(surface.shift.grad)) == 3


def test_seven_atoms_are_refused() -> None:
    with pytest.raises(ValueError, match="kernels are made for 2 to 6 atoms, got 7"):
        KernelSurface(("H",) * 7, 3)


def test_shift_is_the_energy_far_away() -> None:
    surface, _ = fitted(30, width=0.05)
    far = torch.tensor([[[0.0, 0, 0], [50.0, 0, 0], [0, 50.0, 0]]], dtype=torch.float64)
    assert math.isclose(float(surface(far)), float(surface.shift), rel_tol=1e-9)
