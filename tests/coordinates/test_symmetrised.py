"""Geometries a little off their symmetry are put back, others are left alone."""

from math import acos, cos

import pytest
import torch
from torch import Tensor

from pes.coordinates import ZMatrix
from pes.coordinates.point_group import point_group
from pes.coordinates.symmetrised import symmetrised
from pes.molecule import Molecule

ANGLE = 1.87
"""Between two bonds of a pyramid; the dihedral of three equal ones follows."""

SHAPES = {
    # Symbols, Z-matrix, q, and the order of the point group; sixteen of an infinite one.
    "C2v, planar": (
        ("C", "O", "H", "H"), (("C",), ("O", 0), ("H", 0, 1), ("H", 0, 1, 2)),
        (2.3, 2.1, 2.1, 2.1, 2.1, torch.pi), 4,
    ),
    "C3v": (
        ("N", "H", "H", "H"), (("N",), ("H", 0), ("H", 0, 1), ("H", 0, 1, 2)),
        (1.9, 1.9, ANGLE, 1.9, ANGLE, acos(cos(ANGLE) / (1 + cos(ANGLE)))), 6,
    ),
    "C2, chiral": (
        ("O", "O", "H", "H"), (("O",), ("O", 0), ("H", 0, 1), ("H", 1, 0, 2)),
        (2.7, 1.8, 1.8, 1.8, 1.8, 2.0), 2,
    ),
    "linear": (("O", "C", "O"), (("O",), ("C", 0), ("O", 1, 0)), (2.2, 2.2, torch.pi), 16),
    "linear, unlike ends": (
        ("N", "C", "O"), (("N",), ("C", 0), ("O", 1, 0)), (2.2, 2.3, torch.pi), 8,
    ),
}  # fmt: skip


def springs(x: Tensor) -> Tensor:
    """Of all distances, resting where the molecule is: second derivatives by hand."""
    count = len(x)
    h = x.new_zeros(count, 3, count, 3)
    for i in range(count):
        for j in range(i):
            u = x[i] - x[j]
            block = torch.outer(u, u) / (u @ u)
            for a, b, sign in ((i, i, 1), (j, j, 1), (i, j, -1), (j, i, -1)):
                h[a, :, b] += sign * block
    return h.reshape(3 * count, 3 * count)


@pytest.mark.parametrize(("symbols", "rows", "q", "order"), SHAPES.values(), ids=list(SHAPES))
def test_noise_is_taken_away(symbols: tuple, rows: tuple, q: tuple, order: int) -> None:
    masses = Molecule(symbols).masses
    x = ZMatrix(rows).to_positions(torch.tensor([q], dtype=torch.float64), masses)[0]
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(2)).double()
    moved, hessian = symmetrised(x + 1e-5 * noise, springs(x + 1e-5 * noise), masses)
    # Noise that has the symmetry stays.
    assert float((moved - x).abs().max()) < 1e-4
    centred = moved - (masses[:, None] * moved).sum(0) / masses.sum()
    assert len(list(point_group(centred, masses))) == order
    for permutation, turn in point_group(centred, masses):
        torch.testing.assert_close(centred[permutation] @ turn, centred, rtol=0, atol=1e-13)
    values = torch.linalg.eigvalsh(hessian)
    # The mean of images of H: eigenvalues move by no more than the noise does.
    torch.testing.assert_close(values, torch.linalg.eigvalsh(springs(x)), rtol=0, atol=1e-3)
    again, same = symmetrised(moved, hessian, masses)
    torch.testing.assert_close(again, moved, rtol=0, atol=1e-13)
    torch.testing.assert_close(same, hessian, rtol=0, atol=1e-12)


def test_a_molecule_without_symmetry_stays() -> None:
    masses = Molecule(("O", "H", "H")).masses
    x = torch.tensor([[0.0, 0, 0], [1.8, 0, 0], [-0.4, 1.9, 0]], dtype=torch.float64)
    hessian = springs(x)
    moved, same = symmetrised(x, hessian, masses)
    torch.testing.assert_close(moved, x, rtol=0, atol=1e-14)
    # The plane of three atoms remains a symmetry: what mixes it with the rest is zero.
    torch.testing.assert_close(same, hessian, rtol=0, atol=1e-14)
