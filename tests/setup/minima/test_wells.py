"""Wells and torsions of model surfaces whose barriers are known, and surfaces that have none."""

import pytest
import torch
from torch import Tensor

from pes.coordinates import optimum
from pes.coordinates.vectors import dihedral
from pes.molecule import Molecule
from pes.potential.analytic.ammonia import AmmoniaModel
from pes.potential.analytic.formaldehyde import FormaldehydeModel
from pes.potential.analytic.hydrogen_peroxide import HydrogenPeroxideModel
from pes.setup.minima.wells import bonded, large_amplitudes
from pes.units import ANGSTROM, CM1

AMMONIA, PEROXIDE = AmmoniaModel(), HydrogenPeroxideModel()


def minimum(surface: AmmoniaModel | HydrogenPeroxideModel) -> Tensor:
    return optimum(surface, torch.tensor(surface.reference).double() * ANGSTROM)


@pytest.fixture(scope="module")
def pyramid() -> Tensor:
    return minimum(AMMONIA)


@pytest.fixture(scope="module")
def skew() -> Tensor:
    return minimum(PEROXIDE)


def test_inversion(pyramid: Tensor) -> None:
    molecule = Molecule(AMMONIA.symbols)
    (one,) = large_amplitudes(AMMONIA, molecule, pyramid, 7000 * CM1)
    assert one.what == "inversion"
    # Where the bonds are relaxed, the planar molecule of this surface lies at 2,094.
    assert one.barrier / CM1 == pytest.approx(2094.4, abs=0.5)
    assert large_amplitudes(AMMONIA, molecule, pyramid, 2000 * CM1) == []


def test_inversion_of_unlike_isotopes(pyramid: Tensor) -> None:
    """Masses play no part in it."""
    (one,) = large_amplitudes(AMMONIA, Molecule(("N", "H", "D", "H")), pyramid, 7000 * CM1)
    assert one.what == "inversion"


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (2, 0, 3, 1)])
def test_torsion(skew: Tensor, order: tuple[int, ...]) -> None:
    """In any order of the atoms; barriers of 386 (trans) and 2,559 cm⁻¹ (cis), relaxed."""
    back = [order.index(a) for a in range(4)]
    molecule = Molecule(tuple(PEROXIDE.symbols[a] for a in order))
    (one,) = large_amplitudes(
        lambda x: PEROXIDE(x[:, back]), molecule, skew[list(order)], 7000 * CM1
    )
    assert one.what == "torsion"
    assert {molecule.symbols[a] for a in one.atoms} == {"O"}
    # The turn is looked at every 10°: 5° beside a crest it is lower by 1 %.
    assert one.barrier / CM1 == pytest.approx(386, rel=0.01)
    assert one.highest / CM1 == pytest.approx(2559, rel=0.01)


def test_torsion_that_no_level_reaches(skew: Tensor) -> None:
    assert large_amplitudes(PEROXIDE, Molecule(PEROXIDE.symbols), skew, 300 * CM1) == []


def test_torsion_to_another_well() -> None:
    """V = B (1 − t²) + A (1 + t)/2 with t = cos τ: A above the lower well, behind a barrier.

    The barrier is B + A/2 + A²/16B at t = A/4B; it need not lie below the highest level.
    """
    low, high = 130 * CM1, 3700 * CM1

    x = torch.tensor([[-0.5, 1.7, 0], [0, 0, 0], [2.7, 0, 0], [3.3, -2.0, 0]]).double()

    def surface(y: Tensor) -> Tensor:
        """Stiff but for the dihedral."""
        a, b, c = y[:, 0] - y[:, 1], y[:, 2] - y[:, 1], y[:, 3] - y[:, 2]
        t = dihedral(a, b, c).cos()
        pairs = [(0, 1), (1, 2), (2, 3), (0, 2), (1, 3)]
        apart = torch.cdist(y, y) - torch.cdist(x, x)
        stiff = torch.stack([apart[:, i, j] for i, j in pairs]).square().sum(0)
        return stiff + high * (1 - t**2) + low * (1 + t) / 2

    molecule = Molecule(("H", "O", "N", "O"))
    (one,) = large_amplitudes(surface, molecule, x, 1000 * CM1)
    assert one.what == "torsion"
    assert one.other is not None
    assert one.other.energy == pytest.approx(low, rel=1e-6)
    # The turn is looked at every 10°.
    assert one.barrier == pytest.approx(high + low / 2 + low**2 / (16 * high), rel=0.01)
    assert large_amplitudes(surface, molecule, x, 100 * CM1) == []


def test_planar_molecule() -> None:
    surface = FormaldehydeModel()
    near = [[0.0, 0, 0], [1.2, 0, 0], [-0.6, 0.93, 0], [-0.6, -0.93, 0]]
    x = optimum(surface, torch.tensor(near).double() * ANGSTROM)
    assert large_amplitudes(surface, Molecule(("C", "O", "H", "H")), x, 15000 * CM1) == []


def test_bend_up_to_linearity() -> None:
    """The barrier of a bend k (cos θ − cos θ_e)²/2 at 180° is k (1 + cos θ_e)²/2."""
    x = torch.tensor([[0.0, 0, 0], [2.6, 0, 0], [-0.9, 1.6, 0.0], [4.4, 0.5, 0.5]]).double()
    k = 4000 * CM1

    def cosine(y: Tensor) -> Tensor:
        a, b = y[:, 2] - y[:, 0], y[:, 1] - y[:, 0]
        return (a * b).sum(-1) / (a.norm(dim=-1) * b.norm(dim=-1))

    at = cosine(x[None])[0]

    def bend(y: Tensor) -> Tensor:
        stiff = (torch.cdist(y, y) - torch.cdist(x, x)).square()
        bonds = stiff[:, 0, 1] + stiff[:, 0, 2] + stiff[:, 1, 3]
        return bonds + k * (cosine(y) - at) ** 2 / 2 + (y[:, 3] - x[3]).square().sum(-1)

    found = large_amplitudes(bend, Molecule(("C", "N", "H", "H")), x, 1000 * CM1)
    bends = [one for one in found if one.what == "bend" and one.atoms == (1, 0, 2)]
    assert len(bends) == 1
    assert bends[0].barrier == pytest.approx(float(k * (1 + at) ** 2 / 2), rel=1e-6)


def test_three_atoms_are_left_to_their_own_coordinates() -> None:
    x = torch.tensor([[0.0, 0, 0], [1.8, 0, 0], [-0.5, 1.7, 0]]).double()
    assert large_amplitudes(lambda y: y[:, 0, 0], Molecule(("O", "H", "H")), x, 1.0) == []


def test_bonds(skew: Tensor) -> None:
    found = bonded(Molecule(PEROXIDE.symbols), skew).triu().nonzero().tolist()
    assert found == [[0, 1], [0, 2], [1, 3]]
