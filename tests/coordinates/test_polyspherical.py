"""Vectors of any kind: against the other coordinates, and what is refused."""

import pytest
import torch

from pes.coordinates import Jacobi, Polyspherical, Radau, Valence, ZMatrix
from pes.molecule import Molecule
from pes.vibration.system.kinetic import kinetic

HOD = Molecule(("O", "H", "D")).masses
Q = torch.tensor([[1.8, 1.9, 1.7], [2.1, 1.6, 0.8]], dtype=torch.float64)


@pytest.mark.parametrize(
    ("vectors", "other"),
    [
        ([(0, 1), (0, 2)], Valence(0, (1, 2))),
        ([(1, 2), ((1, 2), 0)], Jacobi(0, (1, 2))),
        ([(("radau", 0, 1, 2), 1), (("radau", 0, 1, 2), 2)], Radau(0, (1, 2))),
    ],
)
def test_three_atoms(vectors: list, other: Valence | Jacobi | Radau) -> None:
    """The same molecule from the same numbers, up to its place in space."""
    x = Polyspherical(vectors).to_positions(Q, HOD)
    # Rounding.
    torch.testing.assert_close(other.from_positions(x, HOD), Q, rtol=0, atol=1e-13)


def test_valence_vectors_are_a_zmatrix() -> None:
    zmatrix = ZMatrix((("C",), ("O", 0), ("H", 0, 1), ("H", 0, 1, 2)))
    masses = Molecule(("C", "O", "H", "D")).masses
    q = torch.tensor([[2.3, 2.1, 2.1, 2.0, 2.2, 2.9]], dtype=torch.float64)
    vectors = Polyspherical([(0, 1), (0, 2), (0, 3)])
    turned = vectors.from_positions(zmatrix.to_positions(q), masses)
    # The dihedral counts the other way.
    torch.testing.assert_close(turned[:, :5], q[:, :5], rtol=0, atol=1e-13)  # rounding
    assert abs(float(turned[0, 5] + q[0, 5]) - 2 * torch.pi) < 1e-13
    one, other = (
        kinetic(vectors.to_positions, turned, masses),
        kinetic(zmatrix.to_positions, q, masses),
    )
    sign = torch.tensor([1.0, 1, 1, 1, 1, -1], dtype=torch.float64)
    torch.testing.assert_close(one[0], other[0] * sign * sign[:, None], rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(one[1], other[1] * sign, rtol=1e-10, atol=1e-12)


SQUARES = {
    "diatom and diatom": [(0, 1), (2, 3), ((0, 1), (2, 3))],
    "chain of Jacobi vectors": [(0, 1), ((0, 1), 2), ((0, 1, 2), 3)],
    "radau": [(("radau", 0, 1, 2, 3), k) for k in (1, 2, 3)],
}


@pytest.mark.parametrize("vectors", SQUARES.values(), ids=SQUARES)
def test_jacobi_and_radau_vectors_are_orthogonal(vectors: list) -> None:
    """G of lengths is diagonal and constant, none of it between lengths and angles."""
    masses = Molecule(("C", "O", "H", "D")).masses
    q = torch.tensor(
        [[2.3, 2.1, 1.1, 2.0, 1.3, 1.9], [1.9, 2.5, 1.8, 2.2, 0.9, 4.0]], dtype=torch.float64
    )
    g, slope = kinetic(Polyspherical(vectors).to_positions, q, masses)
    lengths = [0, 1, 3]
    rows = g[:, lengths]
    kept = torch.zeros_like(rows)
    for i, k in enumerate(lengths):
        kept[:, i, k] = rows[0, i, k]
    torch.testing.assert_close(rows, kept, rtol=0, atol=1e-14)  # rounding of 1e-4
    # √det g ∝ R1² R2² R3² sin θ2 sin θ3.
    exact = torch.stack(
        (2 / q[:, 0], 2 / q[:, 1], 1 / q[:, 2].tan(), 2 / q[:, 3], 1 / q[:, 4].tan(), 0 * q[:, 5]),
        -1,
    )
    torch.testing.assert_close(slope, exact, rtol=1e-9, atol=1e-10)  # rounding


@pytest.mark.parametrize(
    ("vectors", "words"),
    [
        ([(0, 1), (0, 3)], "2 vectors join 3 atoms, 0 to 2; these name 0, 1, 3"),
        ([(0, 1), (1, 0)], "these name 0, 1"),
        ([(0, 1), ((0, 1, 2), 2), (3, 2), ((0, 1), 2)], "5 atoms, 0 to 4; these name 0, 1, 2, 3"),
        ([(0, 1), (0, 2), (1, 2)], "4 atoms"),
        ([((0, 1), 2), (2, (0, 1))], "linearly dependent"),
        ([(0, 1), ((0, 0), 2)], "vector 2: end .* names an atom twice"),
        ([(0, "C"), (0, 2)], "vector 1: end 'C' must be the number"),
        ([(0, 1), (("radau", 0, 1), 2)], "vector 2: end"),
        ([(0, 1, 2), (0, 2)], "vector 1 has 3 ends"),
    ],
)
def test_refused(vectors: list, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Polyspherical(vectors)
