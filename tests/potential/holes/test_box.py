import pytest
import torch
from torch import Tensor

from pes.geometry import distances
from pes.potential.holes.box import distance_box, filling, mixtures

FORMULAS = {
    "H2": ("H", "H"), "H2O": ("O", "H", "H"), "HCN": ("H", "C", "N"), "H2CO": ("C", "O", "H", "H"),
    "CH4": ("H", "H", "H", "H", "C"), "C2H4": ("C", "C", "H", "H", "H", "H"),
}  # fmt: skip


def scattered(atoms: int, count: int = 40) -> Tensor:
    """Atoms near the corners of a cube of 2 bohr."""
    corners = torch.cartesian_prod(*[torch.tensor([0.0, 2.0], dtype=torch.float64)] * 3)[:atoms]
    generator = torch.Generator().manual_seed(0)
    return corners + 0.3 * torch.randn(count, atoms, 3, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("elements", FORMULAS.values(), ids=FORMULAS)
def test_geometries_are_many_and_in_the_box(elements: tuple[str, ...]) -> None:
    x = scattered(len(elements))
    box = distance_box(elements, x)
    assert box.holds(x).all()
    even, mixed = filling(box, 200, seed=1), mixtures(box, x, 200, seed=1)
    assert even.shape == (200, len(elements), 3)
    assert len(mixed) > 50
    # Placing atoms by squares of distances loses a few digits where three are almost in line.
    assert box.overshoot(even).max() < 1e-9
    assert box.holds(mixed).all()
    assert torch.equal(even, filling(box, 200, seed=1))
    assert not torch.equal(even, filling(box, 200, seed=2))


def test_like_pairs_share_their_bounds() -> None:
    x = torch.tensor([[[0.0, 0, 0], [1.5, 0, 0], [0, 2, 0]]], dtype=torch.float64)
    box = distance_box(("O", "H", "H"), x)
    assert box.low.tolist() == [1.5, 1.5, 2.5]
    assert box.high.tolist() == [2.0, 2.0, 2.5]
    assert box.holds(x[:, [0, 2, 1]]).all()
    torch.testing.assert_close(box.signature(x[:, [0, 2, 1]]), box.signature(x))


def test_every_corner_of_the_box_is_filled() -> None:
    generator = torch.Generator().manual_seed(0)
    draw = torch.rand(400, 3, generator=generator, dtype=torch.float64)
    x = torch.zeros(400, 3, 3, dtype=torch.float64)
    x[:, 1, 0] = 1.5 + draw[:, 0]
    x[:, 2, 0], x[:, 2, 1] = 0.3 * draw[:, 1], 1.5 + draw[:, 2]
    box = distance_box(("O", "H", "H"), x)
    r = distances(filling(box, 4096))
    share = (r - box.low) / (box.high - box.low)
    # All distances of this box close to triangles: each of the eight octants holds its eighth.
    octant = (share > 0.5).long() @ torch.tensor([4, 2, 1])
    assert octant.bincount(minlength=8).min() > 4096 / 8 / 2


def test_mixtures_reach_a_little_beyond() -> None:
    x = torch.zeros(2, 2, 3, dtype=torch.float64)
    x[:, 1, 2] = torch.tensor([1.0, 3.0])
    wide = distance_box(("H", "H"), torch.cat((0.1 * x, 3 * x)))
    r = distances(mixtures(wide, x, 2000))
    assert r.min() < 1.0
    assert r.max() > 3.0
    assert ((r > 1) & (r < 3)).double().mean() > 0.5
