"""Second derivatives of levels: exact oscillators, finite differences, one method by another."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from pes.coordinates import Valence
from pes.molecule import Molecule
from pes.potential.analytic import WaterPJT
from pes.vibration import (
    BasisSpec,
    Levels,
    System,
    curvatures,
    level_derivatives,
    model,
    molecular,
    vibrational_levels,
)
from pes.vibration.analysis.resolvents import (
    ZERO_ORDER,
    _all_states,
    _conjugate_gradients,
    _linear,
)
from pes.vibration.eigensolvers.select import SolverError
from pes.vibration.system.system import potential_in_chunks

METHODS = ("all_states", "linear")
TO_POSITIONS = Valence(0, (1, 2)).to_positions


def number(value: float) -> Tensor:
    return torch.tensor(value, dtype=torch.float64, requires_grad=True)


def energies_of(system: System, found: Levels, count: int) -> Tensor:
    """Levels of another system in the same basis on the same grid."""
    h = found.hamiltonian
    v = potential_in_chunks(system, found.points).clamp(max=found.minimum_energy + found.cap)
    with torch.no_grad():
        g, slope = system.kinetic(found.points)
    s = (h.basis.density_slope - slope) / 2
    matrix = replace(h, potential=v, g_matrix=g.detach(), s=s.detach()).dense()
    return torch.linalg.eigvalsh(matrix)[:count]


@pytest.mark.parametrize("method", METHODS)
def test_strength_of_an_oscillator(line: BasisSpec, method: str) -> None:
    """E = √k (n + ½): d²E/dk² = −(n + ½)/4 at k = 1; H is linear in k."""
    k = number(1.0)
    system = model(lambda q: k * q[:, 0] ** 2 / 2, torch.eye(1).double())
    found = vibrational_levels(system, [line], 5, cap=1e3, convergence=False)
    exact = -(torch.arange(5).double() + 0.5) / 4
    # Converged basis; conjugate gradients to 1e-10 of ‖∂Hψ‖.
    torch.testing.assert_close(
        curvatures(found, [k], method=method).flatten(), exact, rtol=0, atol=1e-8
    )


@pytest.mark.parametrize("method", METHODS)
def test_a_shifted_oscillator_does_not_change(line: BasisSpec, method: str) -> None:
    """V = (x − a)²/2: the explicit term ⟨∂²V/∂a²⟩ = 1 and the response −1 cancel; with c a x²
    beside it the mixed term 0 and the pure one of c alone remain."""
    a, c = number(0.0), number(0.0)
    system = model(lambda q: (q[:, 0] - a) ** 2 / 2 + c**2 + c * q[:, 0] ** 2 / 2,
                   torch.eye(1).double())  # fmt: skip
    found = vibrational_levels(system, [line], 4, cap=1e3, convergence=False)
    second = curvatures(found, [a, c], method=method)
    zero = torch.zeros(4).double()
    torch.testing.assert_close(second[:, 0, 0], zero, rtol=0, atol=1e-8)
    torch.testing.assert_close(second[:, 0, 1], zero, rtol=0, atol=1e-8)
    exact = 2 - (torch.arange(4).double() + 0.5) / 4
    torch.testing.assert_close(second[:, 1, 1], exact, rtol=0, atol=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_through_the_kinetic_energy(line: BasisSpec, method: str) -> None:
    """G: E = √G (n + ½)."""
    g = torch.ones(1, 1, dtype=torch.float64, requires_grad=True)
    found = vibrational_levels(
        model(lambda q: q[:, 0] ** 2 / 2, g), [line], 4, cap=1e3, convergence=False
    )
    exact = -(torch.arange(4).double() + 0.5) / 4
    torch.testing.assert_close(
        curvatures(found, [g], method=method).flatten(), exact, rtol=0, atol=1e-8
    )


@pytest.mark.parametrize("method", METHODS)
def test_split_shells_have_curvatures_of_their_own(line: BasisSpec, method: str) -> None:
    """V = ½|q|² + κ x²/2: −(n_x + ½)/4 in the order of the slopes (n_x + ½)/2; the count cuts
    the third shell."""
    kappa = number(0.0)
    system = model(lambda q: ((q**2).sum(-1) + kappa * q[:, 0] ** 2) / 2, torch.eye(2).double())
    found = vibrational_levels(system, [line, line], 5, cap=1e3, convergence=False)
    (slopes,) = level_derivatives(found, [kappa])
    torch.testing.assert_close(
        curvatures(found, [kappa], method=method).flatten(), -slopes / 2, rtol=0, atol=1e-7
    )


@pytest.mark.parametrize("method", METHODS)
def test_levels_that_split_only_in_second_order(line: BasisSpec, method: str) -> None:
    """V = ½|q|² + κ x + κ² y²/2: slopes of the pair are zero, E = … − κ²/2 + κ² (n_y + ½)/2."""
    kappa = number(0.0)

    def potential(q: Tensor) -> Tensor:
        return (q**2).sum(-1) / 2 + kappa * q[:, 0] + kappa**2 * q[:, 1] ** 2 / 2

    found = vibrational_levels(model(potential, torch.eye(2).double()), [line] * 2, 3, cap=1e3,
                   convergence=False)  # fmt: skip
    exact = torch.tensor([-0.5, -0.5, 0.5]).double()  # −1 + (n_y + ½) for n_y = 0, 0, 1
    torch.testing.assert_close(
        curvatures(found, [kappa], method=method).flatten(), exact, rtol=0, atol=1e-8
    )


def test_water_against_differences(
    bonds_and_angle: Sequence[BasisSpec],
) -> None:
    """By the bond length and the mass of oxygen, pure and mixed, and both methods alike."""
    sizes = ((4, 8), (4, 8), (5, 8))
    tiny = [
        replace(c, functions=n, points=m) for c, (n, m) in zip(bonds_and_angle, sizes, strict=True)
    ]
    surface, oxygen = WaterPJT(), number(29000.0)
    rest = Molecule(("O", "H", "H")).masses[1:]

    def system() -> System:
        return molecular(surface, TO_POSITIONS, torch.cat((oxygen[None], rest)))

    found = vibrational_levels(system(), tiny, 5, convergence=False)
    parameters = [surface.r_e, oxygen]
    second, other = (curvatures(found, parameters, system=system(), method=m) for m in METHODS)
    torch.testing.assert_close(second, other, rtol=1e-6, atol=1e-14)
    steps = (5e-4, 300.0)

    def at(i: float, j: float) -> Tensor:
        with torch.no_grad():
            surface.r_e += i * steps[0]
            oxygen.add_(j * steps[1])
            energies = energies_of(system(), found, 5)
            surface.r_e -= i * steps[0]
            oxygen.sub_(j * steps[1])
        return energies

    pure = [(at(1, 0) - 2 * at(0, 0) + at(-1, 0)) / steps[0] ** 2,
            (at(0, 1) - 2 * at(0, 0) + at(0, -1)) / steps[1] ** 2]  # fmt: skip
    mixed = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / (4 * steps[0] * steps[1])
    # Fourth derivatives times h²/12, a few 1e-4 of the whole; see rounding 1e-15/h² for mass.
    torch.testing.assert_close(second[:, 0, 0], pure[0], rtol=2e-3, atol=1e-6)
    torch.testing.assert_close(second[:, 1, 1], pure[1], rtol=2e-3, atol=1e-17)
    torch.testing.assert_close(second[:, 0, 1], mixed, rtol=2e-3, atol=1e-11)
    torch.testing.assert_close(second, second.mT)


def test_few_products_where_the_matrix_is_large(water_levels: Levels) -> None:
    """637 functions, most of them outside the block in which H₀ is exact."""
    h, c = water_levels.hamiltonian, water_levels.eigenpairs.coefficients
    assert h.size > 4 * ZERO_ORDER, "H₀ is nearly H: nothing was tested"
    # By a potential along r1: symmetric and antisymmetric states answer.
    pushed = h.basis.from_grid(h.basis.on_grid(c) * water_levels.points[:, 0])
    # It takes 8 to 10 products, and 25 to 47 without H₀.
    few, all_states = _linear(water_levels, steps=15), _all_states(water_levels)
    for n, b in enumerate(pushed[:, None]):
        # Residual 1e-10 ‖b‖ over 4e-3 hartree to the first level not known.
        torch.testing.assert_close(
            few(b, [n]), all_states(b, [n]), rtol=0, atol=3e-8 * float(b.norm())
        )


def test_methods_and_parameters_that_do_not_exist(line: BasisSpec) -> None:
    k = number(1.0)
    system = model(lambda q: k * q[:, 0] ** 2 / 2, torch.eye(1).double())
    found = vibrational_levels(system, [line], 2, cap=1e3, convergence=False)
    with pytest.raises(ValueError, match="auto or one of all_states, linear"):
        curvatures(found, [k], method="guess")
    with pytest.raises(ValueError, match="do not depend on one"):
        curvatures(found, [number(1.0)])
    with pytest.raises(SolverError, match="did not converge in 1 products"):
        _conjugate_gradients(lambda p: p * torch.tensor([1.0, 2.0]), torch.ones(1, 2),
                             torch.tensor([1e-9]), 1, lambda r: r)  # fmt: skip
