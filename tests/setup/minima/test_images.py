"""Equivalent wells by exchange of like atoms: surfaces whose barriers are known, and others."""

from itertools import combinations

import pytest
import torch
from torch import Tensor

from pes.coordinates import optimum
from pes.molecule import Molecule
from pes.setup.minima.images import exchanges, mirror_image
from pes.setup.minima.wells import large_amplitudes
from pes.units import ANGSTROM, CM1

DIMER = Molecule(("H", "F", "H", "F"))
BARRIER = 300 * CM1


def dimer(x: Tensor) -> Tensor:
    """Hydrogen fluoride twice: donor and acceptor change roles over a barrier, both turning."""
    h1, f1, h2, f2 = x.unbind(1)
    b1, b2, w = h1 - f1, h2 - f2, f2 - f1
    r1, r2, r = b1.norm(dim=-1), b2.norm(dim=-1), w.norm(dim=-1)
    c1, c2 = (b1 * w).sum(-1) / (r1 * r), -(b2 * w).sum(-1) / (r2 * r)
    # sin θ₁ sin θ₂ (1 + cos τ): zero in the trans form, at any angles.
    turn = (b1 * b2).sum(-1) / (r1 * r2) + c1 * c2 + ((1 - c1**2) * (1 - c2**2)).sqrt()
    wells = BARRIER * (((c1 - c2) / 1.4) ** 2 - 1) ** 2
    stiff = (r1 - 1.74) ** 2 + (r2 - 1.74) ** 2 + 0.05 * (r - 5.1) ** 2
    return wells + 0.01 * (c1 + c2 - 0.5) ** 2 + 0.002 * turn + 0.5 * stiff


@pytest.fixture(scope="module")
def bent() -> Tensor:
    x = torch.tensor([[1.7, 0.3, 0], [0, 0, 0], [5.8, -1.6, 0], [5.1, 0, 0]]).double()
    return optimum(dimer, x)


def test_donor_and_acceptor_of_a_dimer(bent: Tensor) -> None:
    """The half-way geometry, c1 = c2, lies BARRIER above the wells with all else relaxed."""
    (one,) = large_amplitudes(dimer, DIMER, bent, 2 * BARRIER)
    assert (one.what, one.atoms) == ("exchange", (0, 2))
    # Half-way the sum of the cosines keeps its value and the bonds turn only: nothing else costs.
    assert one.barrier == pytest.approx(BARRIER, rel=0.01)
    assert large_amplitudes(dimer, DIMER, bent, 0.9 * BARRIER) == []


def test_unlike_atoms_exchange_nothing(bent: Tensor) -> None:
    assert exchanges(Molecule(("H", "F", "H", "Cl")), bent)  # the hydrogen atoms
    assert exchanges(Molecule(("H", "F", "Li", "Cl")), bent) == []


def test_three_wells_of_a_trifluoride() -> None:
    """A T whose stem and arms change places in the plane."""
    molecule = Molecule(("F", "Br", "F", "F"))
    first, second = zip(*combinations(range(3), 2), strict=True)

    def trifluoride(x: Tensor) -> Tensor:
        bonds = x[:, [0, 2, 3]] - x[:, [1]]
        r = bonds.norm(dim=-1)
        e = bonds / r[..., None]
        c = (e[:, first] * e[:, second]).sum(-1)
        off = c - c.mean(1, keepdim=True)
        flat = (e[:, 0] * torch.linalg.cross(e[:, 1], e[:, 2])).sum(-1)
        wells = -4200 * off.square().sum(1) + 5600 * off.square().sum(1) ** 2 - 2600 * off.prod(1)
        stiff = 50000 * (r / ANGSTROM - 1.75).square().sum(1) + 20000 * (c.mean(1) + 0.42) ** 2
        return (wells + stiff + 9000 * flat**2) * CM1

    near = torch.tensor([[1.7, 0.1, 0], [0, 0, 0], [0, 1.75, 0], [-1.7, 0.1, 0]]).double()
    x = optimum(trifluoride, near * ANGSTROM)
    assert mirror_image(molecule, x) is None
    found = large_amplitudes(trifluoride, molecule, x, 1000 * CM1)
    (one,) = (motion for motion in found if motion.what != "bend")
    assert one.what == "exchange"
    # Half-way the cubic term changes its sign, with the same distances from the mean.
    assert 0 < one.barrier < 200 * CM1


def test_atoms_that_a_rotation_exchanges() -> None:
    """Hydrogen atoms of formaldehyde: their exchange turns the molecule onto itself."""
    x = torch.tensor([[0.0, 0, 0], [1.2, 0, 0], [-0.6, 0.93, 0], [-0.6, -0.93, 0]]).double()
    assert exchanges(Molecule(("C", "O", "H", "H")), x * ANGSTROM) == []


def test_exchange_that_is_a_reflection() -> None:
    """Five hydrogen atoms about carbon: the nearest mirror image is one in which two changed."""
    centre = torch.zeros(1, 3)
    poles, angle = torch.tensor([[0.0, 0, 1], [0, 0, -1]]), torch.arange(3) * 2 * torch.pi / 3
    ring = torch.stack((angle.cos(), angle.sin(), torch.zeros(3)), 1)
    x = 2.1 * torch.cat((centre, poles, ring)).double()
    image = mirror_image(Molecule(("C", "H", "H", "H", "H", "H")), x)
    assert image is not None
    assert image.exchanged is not None
