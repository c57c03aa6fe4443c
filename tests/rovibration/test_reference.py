"""References that follow a large motion."""

from math import pi

import pytest
import torch

from pes.coordinates import ZMatrix
from pes.molecule import Molecule
from pes.potential.analytic import ANALYTIC
from pes.rovibration import contract_states
from pes.rovibration.fields import rotational_metric
from pes.rovibration.levels import levels_of
from pes.rovibration.reference import (
    FlexibleReference,
    avoided_coordinate,
    flexible_reference,
    masses_of,
)
from pes.units import ANGSTROM, CM1, DEGREE
from pes.vibration import BasisSpec, Levels, molecular, vibrational_levels
from pes.vibration.basis.truncation import Truncation

CHAIN = ZMatrix((("O",), ("O", 0), ("H", 0, 1), ("H", 1, 0, 2)))


@pytest.fixture(scope="module")
def peroxide() -> Levels:
    """Two levels of the model in a basis far too small for them: only the torsion is described."""
    surface = ANALYTIC["hydrogen_peroxide_model"]().requires_grad_(False)
    bond = ("sinc", 0.75 * ANGSTROM, 1.4 * ANGSTROM, 2)
    bend = ("sinc", 70 * DEGREE, 135 * DEGREE, 2)
    bases = [
        BasisSpec("sinc", 1.2 * ANGSTROM, 1.85 * ANGSTROM, 3, points=4, primitives=41, name="oo"),
        BasisSpec(*bond, points=3, primitives=41, name="r1"),
        BasisSpec(*bend, points=3, primitives=41, name="a1"),
        BasisSpec(*bond, points=3, primitives=41, name="r2"),
        BasisSpec(*bend, points=3, primitives=41, name="a2"),
        BasisSpec("fourier", 0.0, 2 * pi, 15, primitives=21, name="t"),
    ]
    system = molecular(surface, CHAIN.to_positions, Molecule(surface.symbols).masses)
    kept = Truncation(energy=5000 * CM1, self_consistent=True)
    return vibrational_levels(system, bases, 2, truncation=kept, convergence=False)


@pytest.fixture(scope="module")
def path(peroxide: Levels) -> FlexibleReference:
    return flexible_reference(peroxide)


def test_the_torsion_is_followed(peroxide: Levels, path: FlexibleReference) -> None:
    """It has two wells, and after one turn the reference has made half a turn."""
    assert avoided_coordinate(peroxide) == path.coordinate == 5
    assert not path.closed
    q = torch.zeros(2, 6).double()
    q[1, 5] = 2 * pi
    assert path.near_jump(q).tolist() == [True, True]
    (first, last), _ = path.at(q)
    turn = torch.diag(torch.tensor([-1.0, -1.0, 1.0], dtype=torch.float64))
    # Away from the axes of the trans form by what these differ from the oxygen bond.
    assert float((first - last).norm()) > 1
    assert float((first @ turn - last).norm()) < 0.5


def test_the_reference_does_not_turn(peroxide: Levels, path: FlexibleReference) -> None:
    """Σ_a m_a c_a × dc_a = 0, and its derivative is that of the geometries."""
    q = torch.zeros(5, 6).double()
    q[:, 5] = torch.tensor([0.5, 1.9, 3.1, 4.0, 5.5])
    c, slope = path.at(q)
    masses = masses_of(peroxide.system)
    spin = (masses[:, None] * torch.linalg.cross(c, slope)).sum(1)
    size = (masses[:, None] * c.norm(dim=2, keepdim=True) * slope.norm(dim=2, keepdim=True)).sum(1)
    # The square of the distance of the geometries, 0.01 rad.
    assert float((spin.abs() / size).max()) < 1e-5
    step = torch.zeros(6).double()
    step[5] = 1e-5
    difference = (path.at(q + step)[0] - path.at(q - step)[0]) / 2e-5
    torch.testing.assert_close(slope, difference, rtol=0, atol=1e-7)


def test_torsion_and_rotation_do_not_couple(peroxide: Levels, path: FlexibleReference) -> None:
    """On the path G_kα of the torsion is zero: of the trans Eckart frame it is so at one place."""
    means = next(peroxide.each_density()) @ peroxide.points
    q = means.repeat(3, 1)
    q[:, 5] = torch.tensor([1.2, 2.0, 4.5])
    masses = masses_of(peroxide.system)
    metrics = {
        name: rotational_metric(peroxide.system, q, reference, masses, frame)
        for name, reference, frame in (
            ("path", path, "flexible"), ("trans", path.middle, "eckart"),
        )
    }  # fmt: skip
    inner, mixed = metrics["path"]
    assert float(mixed[:, 5].abs().max()) < 1e-5 * float(inner.max())
    # ½ G_zz is A: about 10 cm⁻¹ at any angle; the fixed reference makes it three times as large.
    along = inner[:, 2, 2] / 2 / CM1
    assert float((along - 10.0).abs().max()) < 1.0
    assert float((metrics["trans"][0][:, 2, 2] / 2 / CM1).max()) > 20.0


def test_levels_in_another_frame(peroxide: Levels) -> None:
    """J = 1 by another way to halve the dihedral; the basis of the test lacks 0.05 of either."""
    levels = {}
    for frame in ("auto", "bisector"):
        basis = contract_states(peroxide, states=24, frame=frame)
        levels[basis.frame] = levels_of(basis, 1).energies
    apart = (levels["flexible"] - levels["bisector"]) / CM1
    assert float(apart.abs().max()) < 0.05
