"""Curvilinear normal coordinates against Wilson's GF and against other coordinates."""

import pytest
import torch
from torch import Tensor

from pes.coordinates import (
    Curvilinear,
    Polyspherical,
    Radau,
    Valence,
    ZMatrix,
    curvilinear,
    curvilinear_beside,
    hessian,
    normal_modes,
    optimum,
)
from pes.coordinates.internal import Internal
from pes.molecule import Molecule
from pes.potential.analytic import WaterPJT
from pes.potential.analytic.formaldehyde import FormaldehydeModel
from pes.units import ANGSTROM, CM1, DEGREE
from pes.vibration import BasisSpec, molecular, vibrational_levels
from pes.vibration.system.kinetic import kinetic
from pes.vibration.system.minimum import reach

FORMALDEHYDE = ZMatrix((("C",), ("O", 0), ("H", 0, 1), ("H", 0, 1, 2)))
PLANAR = torch.tensor(
    [1.2 * ANGSTROM, 1.1 * ANGSTROM, 122 * DEGREE, 1.1 * ANGSTROM, 122 * DEGREE, torch.pi],
    dtype=torch.float64,
)
BENT = Valence().to_positions(torch.tensor([1.81, 1.81, 1.82], dtype=torch.float64))


def of(surface, start: Tensor, inner: Internal) -> tuple[Curvilinear, Tensor]:
    """Coordinates and masses."""
    masses = Molecule(surface.symbols).masses
    x = optimum(surface, start)
    return curvilinear(inner, normal_modes(x, hessian(surface, x), masses)), masses


@pytest.fixture(scope="module")
def formaldehyde() -> tuple[Curvilinear, Tensor]:
    return of(FormaldehydeModel(), FORMALDEHYDE.to_positions(PLANAR), FORMALDEHYDE)


def test_v_and_g_at_the_minimum(formaldehyde: tuple[Curvilinear, Tensor]) -> None:
    found, masses = formaldehyde
    q = torch.zeros(1, 6, dtype=torch.float64)
    expected = torch.diag(found.frequencies)
    largest = float(found.frequencies[-1])
    g, _ = kinetic(found.to_positions, q, masses)
    # Rounding.
    torch.testing.assert_close(g[0], expected, rtol=0, atol=1e-10 * largest)
    surface = FormaldehydeModel()
    second = torch.autograd.functional.hessian(
        lambda q: surface(found.to_positions(q, masses)).sum(), q
    )
    # The minimum is known to 1e-8 hartree/bohr, which curves multiply.
    torch.testing.assert_close(second.reshape(6, 6), expected, rtol=0, atol=1e-6 * largest)


def test_modes_of_unlike_symmetry_do_not_mix(formaldehyde: tuple[Curvilinear, Tensor]) -> None:
    found, _ = formaldehyde
    # r1, r2, theta2, r3, theta3, phi3: out of the plane, even or odd under exchange of r2, theta2
    # with r3, theta3.
    size = found.combinations.abs().amax(1, keepdim=True)
    shares = found.combinations / size
    moved = shares[[0, 3, 4, 1, 2, 5]]
    even, odd = (shares - moved).abs().amax(0) < 1e-6, (shares + moved).abs().amax(0) < 1e-6
    wag = shares[:5].abs().amax(0) < 1e-6
    # Observed order: b1 (wag), b2 (rock), a1, a1, a1, b2.
    assert wag.tolist() == [True] + [False] * 5
    assert odd.tolist() == [False, True, False, False, False, True]
    assert even.tolist() == [True, False, True, True, True, False]


def test_the_modes_are_tangents(formaldehyde: tuple[Curvilinear, Tensor]) -> None:
    found, masses = formaldehyde
    surface = FormaldehydeModel()
    x = found.to_positions(torch.zeros(6).double(), masses)
    modes = normal_modes(x, hessian(surface, x), masses)
    step = 1e-3 * torch.eye(6, dtype=torch.float64)
    back = modes.from_positions(found.to_positions(step, masses))
    # Second order in the step, up to the signs of modes.
    torch.testing.assert_close(back.abs(), step, rtol=0, atol=1e-5)


def test_folds(formaldehyde: tuple[Curvilinear, Tensor]) -> None:
    found, masses = formaldehyde
    s = PLANAR.repeat(4, 1)
    s[1, 2], s[2, 0], s[3, 4] = 190 * DEGREE, -0.1, -0.1
    expected = torch.zeros(4, 6, dtype=torch.bool)
    expected[1, 2] = expected[2, 0] = expected[3, 4] = True
    assert torch.equal(found.folded(found.forward(s)), expected)
    for k, (low, high) in enumerate(found.bounds()):
        q = torch.zeros(4, 6, dtype=torch.float64)
        q[:, k] = torch.tensor([1.03 * low, low, high, 1.03 * high])
        assert found.folded(q).any(1).tolist() == [True, False, False, True]
    # What lies behind a fold is a geometry met elsewhere.
    x = found.to_positions(found.forward(s[1]), masses)
    assert float(FORMALDEHYDE.from_positions(x)[2]) == pytest.approx(170 * DEGREE)


@pytest.mark.parametrize("inner", [Valence(), Radau()])
def test_levels_of_water(inner: Internal) -> None:
    surface = WaterPJT()
    found, masses = of(surface, BENT, inner)
    system = molecular(surface, found.to_positions, masses)
    # Not as far as the polynomial's holes at small angles.
    limits = [(-6.0, 6.0), (-10.0, 10.0), (-10.0, 10.0)]
    ends = reach(system, torch.zeros(3).double(), limits, 60000 * CM1)
    wanted = [BasisSpec("sinc", low, high, 11, points=16, primitives=60) for low, high in ends]
    energies = vibrational_levels(system, wanted, 6, convergence=False).energies / CM1
    # An independent program's, converged to 0.0005 cm⁻¹; these to 0.01.
    known = torch.tensor(
        [0, 1594.6586, 3151.4938, 3657.1104, 3755.8298, 4666.838], dtype=torch.float64
    )
    torch.testing.assert_close(energies - energies[0], known, rtol=0, atol=0.02)


def test_coordinates_that_do_not_span() -> None:
    surface, masses = WaterPJT(), Molecule(("O", "H", "H")).masses
    x = optimum(surface, BENT)
    modes = normal_modes(x, hessian(surface, x), masses)
    frozen = ZMatrix((("O",), ("H", 0), ("H", 0, 1)), fixed={"theta2": 1.8})
    with pytest.raises(ValueError, match=r"3 normal modes .* got 2 \(r1, r2\)"):
        curvilinear(frozen, modes)


def test_modes_beside_a_torsion() -> None:
    """F and G become diagonal, the dihedral stays, and symmetric coordinates are not mixed."""
    inner = Polyspherical(((0, 1), (0, 2), (1, 3)))
    reference = torch.tensor([2.7, 1.8, 1.7, 1.8, 1.7, 2.0]).double()
    g = torch.diag(torch.tensor([0.1, 0.9, 0.4, 0.9, 0.4]).double())
    g[0, 1] = g[1, 0] = g[0, 3] = g[3, 0] = 0.04
    f = torch.diag(torch.tensor([0.3, 0.5, 0.2, 0.5, 0.2]).double())
    f[2, 4] = f[4, 2] = f[1, 3] = f[3, 1] = 0.05
    modes = curvilinear_beside(inner, reference, f, g)
    assert modes.names == ("q1", "q2", "q3", "q4", "q5", "phi3")
    assert modes.kinds == ("normal",) * 5 + ("dihedral",)
    l = modes.combinations[:-1, :-1]  # noqa: E741
    omega = torch.diag(modes.frequencies)
    torch.testing.assert_close(l.T @ f @ l, omega)
    torch.testing.assert_close(torch.linalg.inv(l) @ g @ torch.linalg.inv(l).T, omega)
    q = torch.tensor([[0.1, -0.2, 0.3, 0.1, 0.2, 4.0]]).double()
    masses = torch.tensor([16.0, 16, 1, 1]).double()
    torch.testing.assert_close(modes.from_positions(modes.to_positions(q, masses), masses), q)
    assert float(modes.back(q)[0, -1]) == 4.0
    assert all(low < 0 < high for low, high in modes.bounds())
    assert not bool(modes.folded(q).any())
    # Either both bonds to hydrogen stretch by as much, or one as much as the other shrinks.
    torch.testing.assert_close(l[1].abs(), l[3].abs())
    # All but uncoupled, each stretch has a mode of its own, and both are alike.
    f[1, 3] = f[3, 1] = 1e-4
    l = curvilinear_beside(inner, reference, f, g).combinations  # noqa: E741
    one, other = (int(l[k].abs().argmax()) for k in (1, 3))
    assert one != other
    assert float(l[3, one].abs()) < 0.05 * float(l[1, one].abs())
    torch.testing.assert_close(l[1, one], l[3, other])
    torch.testing.assert_close(l[0, one], l[0, other])
    with pytest.raises(ValueError, match="not positive"):
        curvilinear_beside(inner, reference, -f, g)
