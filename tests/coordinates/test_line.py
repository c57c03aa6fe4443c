"""Bends of linear molecules come in pairs that a quarter turn maps onto each other."""

import pytest
import torch

from pes.coordinates import NormalModes, bond_vectors, hessian, normal_modes
from pes.geometry import is_straight
from pes.molecule import Molecule

LENGTHS = (2.27, 2.0, 2.0)
ORDERS = {"C C H H": [[0, 1], [0, 2], [1, 3]], "H C C H": [[1, 2], [1, 0], [2, 3]]}


def acetylene(atoms: str, *, along: torch.Tensor) -> NormalModes:
    """Springs along the bonds, and bends that are stiffest when straight."""
    bonds = ORDERS[atoms]

    def surface(x: torch.Tensor) -> torch.Tensor:
        middle, *ends = (x[:, b] - x[:, a] for a, b in bonds)
        stretch = sum(0.3 * (b.norm(dim=-1) - r) ** 2
                      for b, r in zip((middle, *ends), LENGTHS, strict=True))  # fmt: skip
        unit = [b / b.norm(dim=-1, keepdim=True) for b in (middle, *ends)]
        return stretch + 0.08 * (2 + ((unit[1] - unit[2]) * unit[0]).sum(-1))

    place = {"C C H H": [0.0, 2.27, -2.0, 4.27], "H C C H": [-2.0, 0.0, 2.27, 4.27]}[atoms]
    x = torch.tensor(place).double()[:, None] * along
    return normal_modes(x, hessian(surface, x), Molecule(atoms.split()).masses)


ALONG = torch.nn.functional.normalize(torch.tensor([0.3, -0.5, 0.8]).double(), dim=0)


@pytest.mark.parametrize("atoms", ORDERS)
def test_a_quarter_turn_maps_each_bend_to_its_partner(atoms: str) -> None:
    modes = acetylene(atoms, along=ALONG)
    line = modes.line
    assert line is not None
    first, second = line.across
    assert modes.frequencies.shape == (7,)
    assert len(line.bends) == 2
    for x, y in line.bends:
        # To the last digit: the angular momentum is exact.
        assert modes.frequencies[x] == modes.frequencies[y]
        one, other = modes.displacements[x], modes.displacements[y]
        torch.testing.assert_close(one @ first, other @ second, rtol=0, atol=1e-15)
        torch.testing.assert_close(one @ second, torch.zeros(4).double(), rtol=0, atol=1e-15)


def test_bond_vectors_of_a_line_are_inverted() -> None:
    """A turn about the line is left open: distances come back, not q."""
    q = bond_vectors(acetylene("H C C H", along=ALONG), [(0, 1), (1, 2), (2, 3)])
    draw = torch.rand(5, 7, generator=torch.Generator().manual_seed(3)).double() - 0.5
    x = q.to_positions(draw)
    again = q.to_positions(q.from_positions(x))
    torch.testing.assert_close(torch.cdist(again, again), torch.cdist(x, x), rtol=0, atol=1e-9)
    assert not any(bool(fold.beyond.any()) for fold in q.folds(draw))


def test_a_bent_molecule_has_no_line() -> None:
    assert not is_straight(torch.tensor([[0.0, 0, 0], [1.0, 0, 0], [2.0, 0.1, 0]]))
