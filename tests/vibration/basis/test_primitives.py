"""What every primitive basis owes, and what contraction must keep."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from pes.vibration.basis.basis import Basis
from pes.vibration.basis.contraction import contract
from pes.vibration.basis.primitives import PRIMITIVES, Primitive

PI = torch.pi
GAUSSIAN = (lambda x: x * torch.exp(-(x**2)), lambda x: (1 - 2 * x**2) * torch.exp(-(x**2)))

CASES = {
    "sinc, even": ("sinc", (-8.0, 8.0, 80), GAUSSIAN),
    "sinc, odd": ("sinc", (-8.0, 8.0, 81), GAUSSIAN),
    "hermite": ("hermite", (-7.0, 7.0, 90), GAUSSIAN),
    "legendre, whole": (
        "legendre",
        (0.0, PI, 14),
        (lambda t: torch.cos(t) ** 5, lambda t: -5 * torch.cos(t) ** 4 * torch.sin(t)),
    ),
    "legendre, part": (
        "legendre",
        (0.7, 2.9, 14),
        (lambda t: torch.cos(t) ** 3, lambda t: -3 * torch.cos(t) ** 2 * torch.sin(t)),
    ),
    "polynomial": (
        "polynomial",
        (-0.8, 1.0, 14),
        (lambda x: x**5, lambda x: 5 * x**4),
    ),
    "fourier, even": (
        "fourier",
        (-1.0, 2 * PI - 1, 16),
        (lambda t: torch.sin(7 * t) + 0.3, lambda t: 7 * torch.cos(7 * t)),
    ),
    "box": (
        "box",
        (-1.0, 2.0, 12),
        (
            lambda q: torch.sin(5 * PI * (q + 1) / 3),
            lambda q: 5 * PI / 3 * torch.cos(5 * PI * (q + 1) / 3),
        ),
    ),
    "fourier": (
        "fourier",
        (-1.0, 2 * PI - 1, 15),
        (lambda t: torch.sin(7 * t) + 0.3, lambda t: 7 * torch.cos(7 * t)),
    ),
}
"""A primitive and a function, with its derivative, that the primitive can represent."""

every_primitive = pytest.mark.parametrize(
    ("name", "arguments", "function"), CASES.values(), ids=CASES
)
LINE = ["sinc, even", "sinc, odd", "hermite", "fourier"]

Function = tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]


def coefficients(primitive: Primitive, values: Tensor) -> Tensor:
    return primitive.values.T @ (primitive.weights * values)


def test_every_primitive_is_tested() -> None:
    assert {name for name, _, _ in CASES.values()} == set(PRIMITIVES)


@every_primitive
def test_shapes_and_points(name: str, arguments: tuple, function: Function) -> None:
    p = PRIMITIVES[name](*arguments)
    low, high, size = arguments
    count = len(p.points)
    assert p.values.shape == p.derivatives.shape == (count, size)
    assert count >= size
    assert p.weights.shape == p.log_density_slope.shape == (count,)
    assert p.kinetic.shape == (size, size)
    assert (p.points.diff() > 0).all()
    assert p.points[0] > low - 1e-12
    assert p.points[-1] < high + 1e-12
    assert all(t.dtype == torch.float64 for t in (p.points, p.values, p.derivatives, p.kinetic))


@every_primitive
def test_orthonormal(name: str, arguments: tuple, function: Function) -> None:
    p = PRIMITIVES[name](*arguments)
    overlap = p.values.T @ (p.weights[:, None] * p.values)
    # Gauss quadrature is exact for these products; the rest is rounding.
    torch.testing.assert_close(overlap, torch.eye(arguments[2]).double(), rtol=0, atol=1e-12)


@every_primitive
def test_values_and_derivatives_of_a_function(
    name: str, arguments: tuple, function: Function
) -> None:
    p = PRIMITIVES[name](*arguments)
    value, slope = (f(p.points) for f in function)
    c = coefficients(p, value)
    # The Gaussian's Fourier transform has fallen to 1e-13 at the sinc bases' highest wave
    # number, its Hermite series to 1e-11; the polynomials are exact.
    torch.testing.assert_close(p.values @ c, value, rtol=0, atol=1e-10)
    torch.testing.assert_close(p.derivatives @ c, slope, rtol=0, atol=1e-9)


@every_primitive
def test_kinetic_energy(name: str, arguments: tuple, function: Function) -> None:
    p = PRIMITIVES[name](*arguments)
    value, slope = (f(p.points) for f in function)
    c = coefficients(p, value)
    # As above; the kinetic energy squares the derivative's error.
    torch.testing.assert_close(
        c @ p.kinetic @ c, (p.weights * slope**2).sum() / 2, rtol=1e-10, atol=0
    )
    assert torch.equal(p.kinetic, p.kinetic.T) or (p.kinetic - p.kinetic.T).abs().max() < 1e-12
    lowest = torch.linalg.eigvalsh(p.kinetic)[0]
    # Zero for a constant function, to rounding on the scale of the largest element.
    assert lowest > -1e-13 * p.kinetic.abs().max()


@pytest.mark.parametrize("case", LINE)
def test_harmonic_oscillator(case: str) -> None:
    name, (_, _, size), _ = CASES[case]
    p = PRIMITIVES[name](-8.0, 8.0, size)
    v = p.points**2 / 2
    h = p.kinetic + p.values.T @ ((p.weights * v)[:, None] * p.values)
    exact = torch.arange(5) + 0.5
    # The wave functions are 1e-13 at ±8, and their transforms beyond the bases'
    # highest wave numbers (15 for sinc); 15 Fourier functions reach 2.7 only.
    if name == "fourier":
        p = PRIMITIVES[name](-8.0, 8.0, 61)
        h = p.kinetic + p.values.T @ ((p.weights * p.points**2 / 2)[:, None] * p.values)
    torch.testing.assert_close(torch.linalg.eigvalsh(h)[:5], exact.double(), rtol=0, atol=1e-10)


def test_legendre_functions_know_angular_momentum() -> None:
    levels = torch.linalg.eigvalsh(PRIMITIVES["legendre"](0.0, PI, 12).kinetic)
    k = torch.arange(12).double()
    # Exact by quadrature; eigenvalues up to 66 carry rounding of 1e-14 each.
    torch.testing.assert_close(levels, k * (k + 1) / 2, rtol=1e-12, atol=1e-12)


def test_fourier_functions_know_a_particle_on_a_ring() -> None:
    levels = torch.linalg.eigvalsh(PRIMITIVES["fourier"](0.3, 0.3 + 2 * PI, 11).kinetic)
    k = torch.tensor([0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]).double()
    torch.testing.assert_close(levels, k**2 / 2, rtol=1e-12, atol=1e-12)  # exact but rounding


def test_an_even_fourier_basis_lacks_the_shortest_sine() -> None:
    even, odd = (PRIMITIVES["fourier"](0.3, 0.3 + 2 * PI, size) for size in (10, 11))
    # Both on twelve points.
    assert torch.equal(even.values, odd.values[:, :10])
    levels = torch.linalg.eigvalsh(even.kinetic)
    waves = torch.tensor([0, 1, 1, 2, 2, 3, 3, 4, 4, 5], dtype=torch.float64)
    torch.testing.assert_close(levels, waves**2 / 2, rtol=0, atol=1e-12)  # rounding


@pytest.mark.parametrize(
    ("arguments", "open_ends"),
    [((0.0, PI), (True, True)), ((0.7, PI), (False, True)), ((0.7, 2.9), (False, False))],
)
def test_legendre_functions_are_free_where_the_molecule_is_linear(
    arguments: tuple[float, float], open_ends: tuple[bool, bool]
) -> None:
    p = PRIMITIVES["legendre"](*arguments, 10)
    assert p.open_ends == open_ends
    torch.testing.assert_close(p.log_density_slope, 1 / torch.tan(p.points))


def oscillator_basis(points: int | None, functions: int = 8, name: str = "sinc") -> Basis:
    """Eight functions of the unit oscillator, at the ends below 1e-11."""
    p = PRIMITIVES[name](-9.0, 9.0, 71)
    one = torch.ones((), dtype=torch.float64)
    return contract(p, p.points**2 / 2, one, functions, points=points, range=(-9.0, 9.0))


@pytest.mark.parametrize("name", ["sinc", "hermite", "fourier"])
@pytest.mark.parametrize("points", [None, 20])
def test_contracted_oscillator(name: str, points: int | None) -> None:
    b = oscillator_basis(points, name=name)
    n = torch.arange(8).double()
    torch.testing.assert_close(b.energies, n + 0.5, rtol=0, atol=1e-10)  # primitive converged
    values, slopes = b.scaled_values, b.scaled_derivatives
    assert values.shape == slopes.shape == (71 + (name != "sinc") if points is None else 20, 8)
    eye = torch.eye(8, dtype=torch.float64)
    torch.testing.assert_close(values.T @ values, eye, rtol=0, atol=1e-12)
    h = slopes.T @ slopes / 2 + values.T @ ((b.points**2 / 2)[:, None] * values)
    # Rectangular derivatives lose nothing: ∂ leads from 8 functions to 9, V to 10, all kept.
    torch.testing.assert_close(h, torch.diag(n + 0.5), rtol=0, atol=1e-10)


def test_contracted_ladder() -> None:
    """⟨n−1|d/dq|n⟩ = √(n/2) up to the sign of the functions, ⟨n−1|q|n⟩ the same."""
    for points in (None, 16):
        b = oscillator_basis(points)
        momentum = b.scaled_values.T @ b.scaled_derivatives
        position = b.scaled_values.T @ (b.points[:, None] * b.scaled_values)
        step = (torch.arange(1, 8).double() / 2).sqrt()
        for matrix in (momentum, position):
            # Limited by the primitive, whose last functions end at 1e-12.
            torch.testing.assert_close(matrix.diagonal(1).abs(), step, rtol=0, atol=1e-10)
        torch.testing.assert_close(momentum, -momentum.T, rtol=0, atol=1e-10)


def test_a_square_derivative_would_be_wrong() -> None:
    """Projecting d/dq into the functions themselves: why points must exceed functions."""
    b = oscillator_basis(8)
    error = b.scaled_derivatives.T @ b.scaled_derivatives / 2
    # The highest function loses its upper neighbour, half of ½·8/2.
    assert abs(float(error[7, 7]) - (7.5 / 2 - 2.0)) < 1e-8


def test_contracted_legendre_slope_at_its_own_points() -> None:
    p = PRIMITIVES["legendre"](0.7, PI, 40)
    v = 0.1 * (p.points - 1.8) ** 2
    b = contract(p, v, torch.tensor(1e-3).double(), 8, points=14, range=(0.7, PI))
    assert (b.points > 0.7).all()
    assert (b.points < PI).all()
    assert torch.equal(b.weights, torch.ones(14, dtype=torch.float64))
    torch.testing.assert_close(b.log_density_slope, 1 / torch.tan(b.points))
    assert b.range == (0.7, PI)
    assert b.open_ends == (False, True)


@pytest.mark.parametrize(("functions", "points"), [(10, 9), (72, None), (10, 72)])
def test_sizes_that_do_not_fit(functions: int, points: int | None) -> None:
    with pytest.raises(ValueError, match="functions ≤ points ≤ primitive functions"):
        oscillator_basis(points, functions)


def test_signs_do_not_depend_on_the_eigensolver() -> None:
    p = PRIMITIVES["sinc"](-8.0, 8.0, 40)
    b = contract(p, p.points**2 / 2, torch.ones(()).double(), 5, range=(-8.0, 8.0))
    peak = b.fine_values.abs().argmax(0)
    assert (b.fine_values[peak, torch.arange(5)] > 0).all()
