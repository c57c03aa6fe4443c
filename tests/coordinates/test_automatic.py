"""Z-matrices made from a geometry: they fit it, and lines are refused."""

import pytest
import torch

from pes.coordinates import ZMatrix, automatic_rows

TETRAHEDRON = [[0.0, 0, 0], [1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]
MOLECULES = {
    "ammonia": ("NHHH", TETRAHEDRON[:4]),
    "methane": ("CHHHH", TETRAHEDRON),
    "methane, C last": ("HHHHC", TETRAHEDRON[1:] + TETRAHEDRON[:1]),
    "formaldehyde": ("COHH", [[0, 0, 0], [2.3, 0, 0], [-1.1, 1.8, 0], [-1.1, -1.8, 0]]),
    "hydrogen peroxide": ("HOOH", [[-0.5, 1.7, 0.3], [0, 0, 0], [2.7, 0, 0], [3.2, -0.4, 1.7]]),
    "acetylene, bent": ("HCCH", [[-2.0, 0.9, 0], [0, 0, 0], [2.3, 0, 0], [4.2, -0.9, 0.1]]),
}


@pytest.mark.parametrize(("symbols", "points"), MOLECULES.values(), ids=MOLECULES)
def test_coordinates_are_regular_and_come_back(symbols: str, points: list) -> None:
    x = torch.tensor(points, dtype=torch.float64)
    internal = ZMatrix(automatic_rows(tuple(symbols), x))
    assert len(internal.names) == 3 * len(symbols) - 6
    q = internal.from_positions(x)
    # Same distances between atoms: the same molecule, whatever its place.
    assert torch.allclose(torch.cdist(internal.to_positions(q), internal.to_positions(q)),
                          torch.cdist(x, x), atol=1e-12)  # fmt: skip
    slopes = torch.autograd.functional.jacobian(internal.from_positions, x).flatten(1)
    assert torch.isfinite(slopes).all()
    assert torch.linalg.matrix_rank(slopes) == len(internal.names)


def test_the_nearest_atom_is_the_bond() -> None:
    symbols, points = MOLECULES["hydrogen peroxide"]
    rows = automatic_rows(tuple(symbols), torch.tensor(points, dtype=torch.float64))
    assert rows == (("H",), ("O", 0), ("O", 1, 0), ("H", 2, 1, 0))


def test_atoms_in_a_line() -> None:
    x = torch.tensor([[0.0, 0, 0], [2, 0, 0], [4.2, 0, 0], [6.2, 0, 0]])
    with pytest.raises(ValueError, match=r"atom 2 \(C\) is collinear with .* dummies"):
        automatic_rows(("H", "C", "C", "H"), x)
