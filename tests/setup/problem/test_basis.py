"""Sizes of bases: torsions against exact levels of the Mathieu equation."""

import pytest
import torch
from scipy.special import mathieu_a, mathieu_b

from pes.coordinates import ZMatrix
from pes.setup.problem.basis import BasisSize, basis_of
from pes.units import CM1
from pes.vibration import model
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.levels.levels import vibrational_levels

CHAIN = ZMatrix((("O",), ("O", 0), ("H", 0, 1), ("H", 1, 0, 2)))
TURN = (0.0, 2 * torch.pi)
RANGES = [(2.0, 4.0), (1.5, 2.5), (1.0, 2.5), (1.5, 2.5), (1.0, 2.5), TURN]

G, Q = 80 * CM1, 12.0
"""Kinetic constant of a rigid torsion, and q of Mathieu's equation: barriers of 2Gq = 1,920 cm⁻¹"""


def torsion(size: BasisSize | None) -> BasisSpec:
    return basis_of({} if size is None else {"phi3": size}, CHAIN, RANGES)[-1]


@pytest.mark.parametrize("functions", [25, 28])
def test_rigid_torsion(functions: int) -> None:
    """−½G ψ″ + Gq cos 2φ ψ = ½G a ψ, with a the characteristic values of both parities."""
    rigid = model(lambda q: G * Q * torch.cos(2 * q[:, 0]), G * torch.eye(1).double())
    found = vibrational_levels(rigid, [torsion(BasisSize("fourier", functions))], 9)
    even = [mathieu_a(k, Q) for k in range(12)]
    odd = [mathieu_b(k, Q) for k in range(1, 12)]
    exact = torch.tensor(sorted([*even, *odd])[:9], dtype=torch.float64) * G / 2
    torch.testing.assert_close(found.energies / CM1, exact / CM1, rtol=0, atol=1e-4)
    # Both parities are told apart although they are nearly degenerate below the barrier.
    assert found.eigenpairs.symmetry


def test_fourier_functions_keep_their_uniform_points() -> None:
    assert torsion(BasisSize("fourier", 25)).points is None
    assert torsion(BasisSize("fourier", 28)).primitives == 29
    assert torsion(BasisSize("fourier", 9, points=14)).points == 14


def test_a_full_turn_is_periodic() -> None:
    assert torsion(None).basis == "fourier"
    partial = basis_of({}, CHAIN, [*RANGES[:5], (1.0, 5.0)])[-1]
    assert partial.basis == "sinc"


def test_more_functions_keep_sine_and_cosine_of_every_wave() -> None:
    for functions in (25, 27, 31):
        grown = torsion(BasisSize("fourier", functions)).more_functions()
        assert grown.functions > functions
        assert grown.primitives % 2 == 1
