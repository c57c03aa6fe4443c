"""Z-matrices: known geometries, dummies and everything that can be written wrongly."""

import pytest
import torch
from torch import Tensor

from pes.coordinates import Valence, ZMatrix
from pes.molecule import Molecule
from pes.units import DEGREE
from pes.vibration.system.kinetic import kinetic

WATER = (("H",), ("O", 0), ("H", 1, 0))
FORMALDEHYDE = (("C",), ("O", 0), ("H", 0, 1), ("H", 0, 1, 2))
PEROXIDE = (("H",), ("O", 0), ("O", 1, 0), ("H", 2, 1, 0))
METHANE = (("C",), ("H", 0), ("H", 0, 1), ("H", 0, 1, 2), ("H", 0, 1, 2))
CYANIDE = (("C",), ("N", 0), ("X", 0, 1), ("H", 0, 2, 1))
PINNED = {"r2": 1.0, "theta2": torch.pi / 2, "phi3": torch.pi}


def distances(x: Tensor) -> Tensor:
    return torch.cdist(x, x)


def test_names_kinds_symbols() -> None:
    zmatrix = ZMatrix(METHANE)
    assert zmatrix.names == (
        "r1", "r2", "theta2", "r3", "theta3", "phi3", "r4", "theta4", "phi4",
    )  # fmt: skip
    assert zmatrix.kinds[:6] == ("length", "length", "angle", "length", "angle", "dihedral")
    assert zmatrix.symbols == ("C", "H", "H", "H", "H")
    assert ZMatrix((("H",), ("F", 0))).names == ("r1",)


def test_rows_as_a_configuration_gives_them() -> None:
    assert ZMatrix([list(row) for row in WATER]) == ZMatrix(WATER)  # type: ignore


def test_three_atoms_are_valence() -> None:
    q = torch.tensor([[1.8, 1.9, 1.7], [1.2, 3.1, 0.3]], dtype=torch.float64)
    masses = torch.tensor([2.014, 15.99, 1.008], dtype=torch.float64)
    valence = Valence(1, (0, 2))
    torch.testing.assert_close(distances(ZMatrix(WATER).to_positions(q)),
                               distances(valence.to_positions(q)))  # fmt: skip
    for mine, known in zip(
        kinetic(ZMatrix(WATER).to_positions, q, masses),
        kinetic(valence.to_positions, q, masses),
        strict=True,
    ):
        torch.testing.assert_close(mine, known, rtol=1e-10, atol=1e-11)  # rounding


def test_tetrahedron() -> None:
    right = torch.tensor(-1 / 3, dtype=torch.float64).arccos()
    third = 2 * torch.pi / 3
    q = torch.tensor([2, 2, right, 2, right, third, 2, right, 2 * third], dtype=torch.float64)
    x = ZMatrix(METHANE).to_positions(q)
    edge = 2 * (8 / 3) ** 0.5
    wanted = edge * (1 - torch.eye(4, dtype=torch.float64))
    # cdist squares: rounding of 1e-8 on its diagonal.
    torch.testing.assert_close(distances(x[1:]), wanted, rtol=1e-12, atol=1e-7)


def test_sign_of_the_dihedral() -> None:
    """IUPAC: seen along the axis, clockwise from the front bond to the rear one is positive."""
    q = torch.tensor([1, 1, torch.pi / 2, 1, torch.pi / 2, torch.pi / 2], dtype=torch.float64)
    h1, o1, o2, h2 = ZMatrix(PEROXIDE).to_positions(q)
    axis, front, rear = o2 - o1, h1 - o1, h2 - o2
    # Along the axis a clockwise turn is right-handed: front × rear points away from us.
    assert torch.linalg.cross(front, rear) @ axis == pytest.approx(1.0)


@pytest.mark.parametrize("degrees", [0.0, 1.0, 90.0, 179.0, 180.0, 181.0, 270.0, 359.0])
def test_dihedral_there_and_back(degrees: float) -> None:
    q = torch.tensor([1.8, 2.7, 1.7, 1.8, 1.7, degrees * DEGREE], dtype=torch.float64)
    zmatrix = ZMatrix(PEROXIDE)
    back = zmatrix.from_positions(zmatrix.to_positions(q))
    turns = (back[5] - q[5]) / (2 * torch.pi)
    assert abs(turns - turns.round()) < 1e-15  # 0 and 2π are the same
    assert 0 <= back[5] <= 2 * torch.pi
    torch.testing.assert_close(back[:5], q[:5])


def test_planar_formaldehyde_is_not_at_the_seam() -> None:
    """φ = π in the plane, and both sides of it are near."""
    q = torch.tensor([2.3, 2.1, 2.1, 2.1, 2.1, torch.pi], dtype=torch.float64).repeat(2, 1)
    q[:, 5] += torch.tensor([-0.01, 0.01])
    zmatrix = ZMatrix(FORMALDEHYDE)
    torch.testing.assert_close(zmatrix.from_positions(zmatrix.to_positions(q)), q)


def test_published_elements_of_formaldehyde() -> None:
    """G of stretches and bends, E. B. Wilson, J. C. Decius, P. C. Cross, Molecular
    Vibrations (1955), appendix VI."""
    masses = Molecule(("C", "O", "H", "H")).masses
    c, o, h, _ = 1 / masses
    q = torch.tensor([2.3, 2.1, 2.0, 2.0, 2.2, 2.9], dtype=torch.float64)
    g = kinetic(ZMatrix(FORMALDEHYDE).to_positions, q[None], masses)[0][0]
    r1, r2, theta2, _, theta3, phi3 = q
    # Angle H–C–H by spherical trigonometry.
    hch = theta2.cos() * theta3.cos() + theta2.sin() * theta3.sin() * phi3.cos()
    expected = {
        (0, 0): c + o,
        (1, 1): c + h,
        (0, 1): c * theta2.cos(),
        (1, 3): c * hch,
        (0, 2): -c * theta2.sin() / r2,
        (1, 2): -c * theta2.sin() / r1,
        (2, 2): o / r1**2 + h / r2**2 + c * (1 / r1**2 + 1 / r2**2 - 2 * theta2.cos() / r1 / r2),
    }
    for (i, j), value in expected.items():
        assert float(g[i, j]) == pytest.approx(float(value), rel=1e-10)  # rounding


def test_a_bend_through_linearity() -> None:
    """With a dummy at a right angle the valence angle is π/2 + theta3, on both sides of π."""
    zmatrix = ZMatrix(CYANIDE, fixed=PINNED)
    assert zmatrix.names == ("r1", "r3", "theta3")
    assert zmatrix.symbols == ("C", "N", "H")
    theta = torch.tensor([1.2, 1.5, torch.pi / 2, 1.6, 1.9], dtype=torch.float64)
    q = torch.stack((0 * theta + 2.2, 0 * theta + 2.0, theta), -1)
    x = zmatrix.to_positions(q).requires_grad_()
    angle = Valence(0, (1, 2)).from_positions(x.detach())[:, 2]
    folded = torch.pi - (theta - torch.pi / 2).abs()
    torch.testing.assert_close(angle, folded)
    bent = theta != torch.pi / 2
    masses = Molecule(("C", "N", "H")).masses
    g, _ = kinetic(zmatrix.to_positions, q[bent], masses)
    as_valence = q[bent].clone()
    as_valence[:, 2] += torch.pi / 2
    known, _ = kinetic(Valence(0, (1, 2)).to_positions, as_valence, masses)
    torch.testing.assert_close(g, known, rtol=1e-9, atol=1e-12)  # rounding


def test_a_dummy_that_does_not_follow_from_the_atoms() -> None:
    zmatrix = ZMatrix(CYANIDE, fixed=PINNED)
    x = zmatrix.to_positions(torch.tensor([2.2, 2.0, 1.5], dtype=torch.float64))
    with pytest.raises(ValueError, match=r"row 2: .* determine this dummy"):
        zmatrix.from_positions(x)


def test_frozen_coordinates() -> None:
    """A rigid part: G is the block of the inverse metric, not of the inverse of all."""
    frozen = ZMatrix(WATER, fixed={"r1": 1.8})
    assert frozen.names == ("r2", "theta2")
    q = torch.tensor([[1.9, 1.7]], dtype=torch.float64)
    full = torch.tensor([[1.8, 1.9, 1.7]], dtype=torch.float64)
    masses = Molecule(("H", "O", "H")).masses
    whole, _ = kinetic(ZMatrix(WATER).to_positions, full, masses)
    reduced, _ = kinetic(frozen.to_positions, q, masses)
    # Constraint: (G⁻¹ without its row and column)⁻¹.
    expected = torch.linalg.inv(torch.linalg.inv(whole)[:, 1:, 1:])
    torch.testing.assert_close(reduced, expected, rtol=1e-10, atol=0)  # rounding


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ((("C",), ("O", 0), ("H", 0, 3), ("H", 0, 1, 2)), "row 2 .* earlier row, 0 to 1, got 3"),
        ((("C",), ("O", 1)), "row 1 .* earlier row, 0 to 0, got 1"),
        ((("C",), ("O", -1)), "earlier row, 0 to 0, got -1"),
        ((("C",), ("O", 0), ("H", 0, 0)), "row 2 .* refers twice to the same row"),
        ((("C",), ("O", 0), ("H", 0)), "row 2 .* needs 2 references, got 1"),
        ((("C", 0), ("O", 0)), "row 0 .* needs 0 references, got 1"),
        ((("C",), ("O", 0.0)), "is the number of a row, got 0.0"),
        ((("C",), ("O", True)), "is the number of a row, got True"),
        ((("C",), (0, 0)), "row 1 .* begins with the symbol"),
        ((("C",), ()), "row 1 .* begins with the symbol"),
        ((("C",), ("X", 0)), "at least two atoms, got 1"),
        ((), "at least two atoms, got 0"),
        (CYANIDE, "3 atoms have 3 internal coordinates, .* leaves 6 free .* put 3 more"),
    ],
)
def test_refused(rows: tuple, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ZMatrix(rows)


def test_refused_names_and_shapes() -> None:
    with pytest.raises(ValueError, match="'r9' is not a coordinate; they are r1, r2, theta2"):
        ZMatrix(WATER, fixed={"r9": 1.0})
    with pytest.raises(ValueError, match=r"q must end in 3 coordinates .*got shape \(5, 4\)"):
        ZMatrix(WATER).to_positions(torch.zeros(5, 4))
