"""Bond vectors: normal modes at the minimum, rigid bonds in a bend, permutations of like atoms."""

from itertools import combinations
from math import pi

import pytest
import torch
from torch import Tensor

from pes.coordinates import BondVectors, bond_vectors, hessian, nearest_tree, normal_modes
from pes.geometry import distances
from pes.molecule import Molecule, like_permutations
from pes.units import ANGSTROM, CM1
from pes.vibration.system.kinetic import kinetic

METHANE = ("C", "H", "H", "H", "H")
STAR = tuple((0, k) for k in range(1, 5))


def tetrahedron() -> Tensor:
    corners = torch.tensor([[1.0, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]).double()
    return torch.cat((torch.zeros(1, 3).double(), corners * 1.09 * ANGSTROM / 3**0.5))


def valence_forces(x: Tensor) -> Tensor:
    """Harmonic in bonds and in the cosines between them, (B,)."""
    bonds = x[:, 1:] - x[:, :1]
    r = bonds.norm(dim=-1)
    cosines = torch.stack(
        [
            (bonds[:, i] * bonds[:, j]).sum(-1) / r[:, i] / r[:, j]
            for i, j in combinations(range(4), 2)
        ]
    )
    stretch = (r - 1.09 * ANGSTROM).square().sum(1) * 0.18
    return stretch + (cosines + 1 / 3).square().sum(0) * 0.09


@pytest.fixture(scope="module")
def methane() -> BondVectors:
    x = tetrahedron()
    modes = normal_modes(x, hessian(valence_forces, x), Molecule(METHANE).masses)
    return bond_vectors(modes, STAR)


def test_normal_modes_at_the_minimum(methane: BondVectors) -> None:
    rest = torch.zeros(1, 9, dtype=torch.float64)
    g, _ = kinetic(methane.to_positions, rest, methane.modes.masses)
    torch.testing.assert_close(g[0], torch.diag(methane.frequencies), rtol=0, atol=1e-9 * CM1)
    step = 1e-4
    steps = step * torch.eye(9, dtype=torch.float64)
    v = valence_forces(methane.to_positions(steps)) + valence_forces(methane.to_positions(-steps))
    # Differences of fourth order in the step.
    torch.testing.assert_close(v / step**2, methane.frequencies, rtol=1e-6, atol=0)


def test_bends_keep_the_lengths(methane: BondVectors) -> None:
    q = torch.zeros(9, dtype=torch.float64)
    # E, the second level: no stretch has its symmetry.
    q[3:5] = torch.tensor([1.3, -0.8])
    x = methane.to_positions(q)
    torch.testing.assert_close((x[1:] - x[0]).norm(dim=-1), methane._lengths, rtol=1e-12, atol=0)


def test_permutations_act_linearly(methane: BondVectors) -> None:
    """Exchanged atoms are a fixed linear map of q, at any displacement, that keeps V and G."""
    masses = methane.modes.masses
    q = 0.4 * torch.randn(12, 9, generator=torch.Generator().manual_seed(3)).double()
    x = methane.to_positions(q)
    for order in list(like_permutations(METHANE))[1:12]:
        # Even permutations are rotations, odd ones reflections.
        parity = torch.linalg.det(torch.eye(5)[list(order)])
        image = methane.from_positions(x[:, list(order)] * parity.double(), masses)
        linear = torch.linalg.lstsq(q, image).solution
        torch.testing.assert_close(q @ linear, image, rtol=0, atol=1e-10)
        torch.testing.assert_close(linear.mT @ linear, torch.eye(9).double(), rtol=0, atol=1e-10)


def test_bonds_turn_by_the_angle_and_stretch_by_the_share(methane: BondVectors) -> None:
    """θ = 4 arctan(|w|/4) and r = r_e exp(s) of each bond, far from the minimum."""
    q = 5.0 * torch.randn(6, 9, generator=torch.Generator().manual_seed(5)).double()
    x = methane.to_positions(q)
    rest = tetrahedron()[1:] / methane._lengths[:, None]
    bonds = x[:, 1:] - x[:, :1]
    lengths = bonds.norm(dim=-1)
    cosines = (bonds * rest).sum(-1) / lengths
    moved = torch.einsum("bk,kji->bji", q, methane._changes) / methane._lengths[:, None]
    along = (moved * rest).sum(-1)
    across = (moved - along[..., None] * rest).norm(dim=-1)
    assert float(across.max()) > 1.0
    torch.testing.assert_close(cosines.acos(), 4 * (across / 4).atan(), rtol=1e-9, atol=0)
    torch.testing.assert_close(lengths, methane._lengths * along.exp(), rtol=1e-12, atol=0)


def test_a_bond_that_turns_round_is_named(methane: BondVectors) -> None:
    """Two hydrogens turn towards each other, by 3.9 and by 4.1 of the 4 that are half a turn."""
    rest = tetrahedron()[1:]
    turned = torch.zeros(4, 3, dtype=torch.float64)
    turned[0] = torch.linalg.cross(torch.tensor([0.0, 1, -1]).double(), rest[0])
    turned[0] *= methane._lengths[0] / turned[0].norm()
    changes = torch.cat((methane._changes, torch.linalg.cross(
        torch.eye(3).double()[:, None].expand(3, 4, 3), rest.expand(3, 4, 3), dim=-1
    ))).flatten(1)  # fmt: skip
    # The rest of the molecule turns the other way, for q holds no rotation.
    q = torch.linalg.solve(changes.mT, turned.flatten())[:9]
    relative = torch.einsum("k,kji->ji", q, methane._changes)[0].norm() / methane._lengths[0]
    beyond = {
        fold.name: fold.beyond.tolist()
        for fold in methane.folds(torch.stack((3.9 * q, 4.1 * q)) / relative)
    }
    assert beyond["the turn of the bond 1-2"] == [False, True]
    assert beyond["the turn of the bond 1-3"] == [False, False]


def test_ranges_end_at_the_domain() -> None:
    """A soft bend of a triatomic goes as far as no geometry is met again."""
    x = torch.tensor([[0.0, 0, 0], [1.2, 0, 0], [-0.4, 1.1, 0]]).double()
    masses = torch.full((3,), 300.0).double()

    def soft(y: Tensor) -> Tensor:
        return 0.02 * (distances(y) - distances(x)).square().sum(-1)

    coordinates = bond_vectors(normal_modes(x, hessian(soft, x), masses), [(0, 1), (0, 2)])
    ends = coordinates.bounds()
    for k, (low, high) in enumerate(ends):
        q = torch.zeros(2, 3, dtype=torch.float64)
        q[:, k] = torch.tensor([max(low, -9.0), min(high, 9.0)])
        assert not any(bool(fold.beyond.any()) for fold in coordinates.folds(q))
    assert any(low > -9 or high < 9 for low, high in ends)


@pytest.mark.parametrize("bonds", [[(0, 1)], [(0, 1), (1, 2), (0, 2), (3, 4)], [(0, 5)] * 4])
def test_no_tree_is_refused(methane: BondVectors, bonds: list) -> None:
    with pytest.raises(ValueError, match="5 atoms need 4 bonds that connect all of them"):
        bond_vectors(methane.modes, bonds)


def test_the_tree_of_the_bonds() -> None:
    assert nearest_tree(torch.cdist(tetrahedron(), tetrahedron())) == STAR
    # A ring loses the last of its equal bonds, and no atom is left out.
    angles = torch.arange(4).double() * pi / 2
    square = torch.stack((angles.cos(), angles.sin(), 0 * angles), 1)
    assert nearest_tree(torch.cdist(square, square)) == ((0, 1), (0, 3), (1, 2))
