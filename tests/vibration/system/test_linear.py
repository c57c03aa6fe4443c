"""A linear molecule: exact levels of a bend in two dimensions, and what is said of l."""

import pytest
import torch
from torch import Tensor

from pes.coordinates import Jacobi, Valence
from pes.units import ANGSTROM, CM1, DEGREE
from pes.vibration import BasisSpec, Levels, molecular, vibrational_levels
from pes.vibration.basis.contraction import contract
from pes.vibration.basis.primitives import PRIMITIVES

MASSES = torch.tensor([21874.7, 29156.9, 29156.9], dtype=torch.float64)
LENGTH = 1.16 * ANGSTROM


def stiff(positions: Tensor) -> Tensor:
    """Harmonic bonds and a bend in 1 + cos α."""
    middle, *ends = positions.unbind(-2)
    d1, d2 = (end - middle for end in ends)
    r1, r2 = d1.norm(dim=-1), d2.norm(dim=-1)
    across = (r2[:, None] * d1 + r1[:, None] * d2).square().sum(-1) / (2 * (r1 * r2) ** 2)
    return 0.5 * ((r1 - LENGTH) ** 2 + (r2 - LENGTH) ** 2) + 0.18 * across


def stretch(low: float, high: float, functions: int) -> BasisSpec:
    ends = low * ANGSTROM, high * ANGSTROM
    return BasisSpec("sinc", *ends, functions, points=functions + 5, primitives=40)


def solved(kind: str) -> Levels:
    if kind == "valence":
        bend = BasisSpec("legendre", 105 * DEGREE, 180 * DEGREE, 8, points=12, primitives=40)
        wanted = [stretch(0.97, 1.38, 9), stretch(0.97, 1.38, 9), bend]
        to_positions = Valence(0, (1, 2)).to_positions
    else:
        bend = BasisSpec("legendre", 0.0, 75 * DEGREE, 9, points=13, primitives=40)
        wanted = [stretch(0.97, 1.38, 11), stretch(1.4, 2.02, 15), bend]
        to_positions = Jacobi(2, (1, 0)).to_positions
    return vibrational_levels(molecular(stiff, to_positions, MASSES), wanted, 5, convergence=False)


def test_two_coordinate_systems() -> None:
    one, other = (solved(kind) for kind in ("valence", "jacobi"))
    # Jacobi's stretches, coupled more strongly, leave 0.001 cm⁻¹.
    torch.testing.assert_close(one.excitations / CM1, other.excitations / CM1, rtol=0, atol=5e-3)
    assert one.zero_point_energy / CM1 == pytest.approx(other.zero_point_energy / CM1, abs=5e-3)
    # The well ends exactly at linearity: next to it V would be higher by 1e-4 cm⁻¹.
    assert float(one.minimum[2]) == 180 * DEGREE
    assert abs(one.minimum_energy) < 1e-8 * CM1


def test_absent_levels_are_named() -> None:
    found = solved("valence")
    assert any("l > 0" in warning and "`J: [0, 1]`" in warning for warning in found.warnings)
    # Twice the fundamental of 667 cm⁻¹, nearly, is the lowest l = 0 level.
    assert 1100 < float(found.excitations[1] / CM1) < 1500


def test_contracted_quadrature_at_linearity() -> None:
    """½∫ρ φ_a′ sin θ φ_b converges as fast as a polynomial's integral.

    The derivative of a function of cos θ has a corner at linearity: projected on such functions
    without its factor sin θ, it converged as the second power of the number of points only.
    """
    primitive = PRIMITIVES["legendre"](100 * DEGREE, torch.pi, 40)
    potential = 0.18 * (1 + primitive.points.cos())
    basis = contract(
        primitive, potential, torch.tensor(2e-5).double(), 5, points=8, range=(1.74, torch.pi)
    )
    full = contract(primitive, potential, torch.tensor(2e-5).double(), 5, range=(1.74, torch.pi))

    def coupling(b: object) -> Tensor:
        field = b.points.sin()[:, None]  # pyright: ignore[reportAttributeAccessIssue]
        return b.scaled_derivatives.T @ (field * b.scaled_values)  # pyright: ignore

    # Both see the lowest functions only; the tails of the fifth cost 1e-6.
    torch.testing.assert_close(coupling(basis), coupling(full), rtol=0, atol=1e-4)
