"""What every named surface must do, and what every model surface promises beside it."""

from itertools import permutations

import pytest
import torch
from torch import Tensor

from pes.potential.analytic import ANALYTIC
from pes.units import ANGSTROM, CM1

MODELS = [name for name, kind in ANALYTIC.items() if hasattr(kind, "reference")]


def near_the_minimum(name: str, *, spread: float = 0.15, count: int = 4) -> Tensor:
    """Positions (count, N, 3) scattered about the reference, bohr."""
    reference = torch.tensor(ANALYTIC[name].reference, dtype=torch.float64) * ANGSTROM
    generator = torch.Generator().manual_seed(3)
    noise = torch.randn(count, *reference.shape, generator=generator, dtype=torch.float64)
    return reference + spread * noise


@pytest.mark.parametrize("name", MODELS)
def test_like_atoms(name: str) -> None:
    surface, x = ANALYTIC[name](), near_the_minimum(name)
    symbols = surface.symbols
    for order in permutations(range(len(symbols))):
        if all(symbols[i] == symbols[j] for i, j in enumerate(order)):
            torch.testing.assert_close(surface(x[:, list(order)]), surface(x))


@pytest.mark.parametrize("name", MODELS)
def test_turned_and_reflected(name: str) -> None:
    surface, x = ANALYTIC[name](), near_the_minimum(name)
    generator = torch.Generator().manual_seed(5)
    turn = torch.linalg.qr(torch.randn(3, 3, generator=generator, dtype=torch.float64))[0]
    for orthogonal in (turn, -turn):
        torch.testing.assert_close(surface(x @ orthogonal + 0.7), surface(x))


@pytest.mark.parametrize("name", MODELS)
def test_bounded_below_and_finite_everywhere(name: str) -> None:
    """Near, far, compressed: nothing lies below the minimum."""
    surface = ANALYTIC[name]()
    generator = torch.Generator().manual_seed(7)
    scale = 8 * torch.rand(20000, 1, 1, generator=generator, dtype=torch.float64)
    shape = (20000, len(surface.symbols), 3)
    x = scale * torch.randn(shape, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        energies = surface(torch.cat((x, near_the_minimum(name, spread=0.4, count=20000))))
    assert torch.isfinite(energies).all()
    # The minimum of H2O2 is zero only to the digits of its constant.
    assert energies.min() > -0.01 * CM1


@pytest.mark.parametrize("name", MODELS)
def test_derivatives(name: str) -> None:
    surface, x = ANALYTIC[name](), near_the_minimum(name, count=2)
    assert torch.autograd.gradcheck(surface, x.requires_grad_())
    assert torch.autograd.gradgradcheck(surface, x.requires_grad_())


@pytest.mark.parametrize("name", MODELS)
def test_derivatives_by_named_parameters(name: str) -> None:
    surface, x = ANALYTIC[name](), near_the_minimum(name)
    names, values = zip(*surface.named_parameters(), strict=True)
    assert set(names) == set(surface.parameter_units)

    def energy(*given: Tensor) -> Tensor:
        return torch.func.functional_call(surface, dict(zip(names, given, strict=True)), (x,))

    assert torch.autograd.gradcheck(energy, values)


@pytest.mark.parametrize("name", MODELS)
def test_all_atoms_on_a_line(name: str) -> None:
    """Values and slopes are finite where angles are straight, and energies smooth through it."""
    surface = ANALYTIC[name]()
    count = len(surface.symbols)
    x = torch.zeros(3, count, 3, dtype=torch.float64)
    x[..., 0] = 2.1 * torch.arange(count, dtype=torch.float64)
    x[1:, 2, 1] = torch.tensor([1e-4, -1e-4], dtype=torch.float64)
    energies = surface(x.requires_grad_())
    (slopes,) = torch.autograd.grad(energies.sum(), x)
    assert torch.isfinite(slopes).all()
    # Even in the displacement, and by its square: force constants are of the order of one.
    assert energies[1].item() == pytest.approx(energies[2].item(), abs=1e-12)
    assert (energies[1] - energies[0]).abs() < 1e-7
