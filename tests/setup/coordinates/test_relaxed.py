"""Coordinates that follow the minimum: where they go, and what is refused."""

from math import pi

import pytest
import torch
from torch import Tensor

import pes
from pes.coordinates import ZMatrix
from pes.molecule import Molecule
from pes.setup.coordinates.relaxed import relaxed_coordinates
from pes.units import ANGSTROM
from pes.vibration.system.system import molecular

ROWS = (("O",), ("O", 0), ("H", 0, 1), ("H", 1, 0, 2))
PEROXIDE = ZMatrix(ROWS)
OTHERS = ("r1", "r2", "theta2", "r3", "theta3")
START = torch.tensor([2.8, 1.82, 1.75, 1.82, 1.75, 2.0], dtype=torch.float64)
MASSES = Molecule(("O", "O", "H", "H")).masses
HCN = Molecule(("H", "C", "N")).masses
BENT = torch.tensor([[1.8, 1.8, 1.8]], dtype=torch.float64)


def lowest(phi: Tensor) -> Tensor:
    """Values that the others have at the minimum, (..., 5)."""
    wave = phi.cos()
    return torch.stack(
        (2.75 + 0.05 * wave, 1.8 + 0.01 * wave, 1.75 - 0.1 * wave, 1.8 + 0 * phi, 1.75 + wave / 20),
        -1,
    )


def valley(q: Tensor) -> Tensor:
    """A torsion of 400 cm-1 about a valley whose other walls are anharmonic."""
    phi = q[..., 5]
    off = q[..., :5] - lowest(phi)
    return 0.002 * (1 + phi.cos()) + (0.3 * off**2 + 0.1 * off**3).sum(-1)


def potential(x: Tensor) -> Tensor:
    return valley(PEROXIDE.from_positions(x))


def test_others_take_the_lowest_energy() -> None:
    system = molecular(potential, PEROXIDE.to_positions, MASSES)
    internal = relaxed_coordinates(PEROXIDE, OTHERS, system, START, lambda *_: None)
    phi = torch.linspace(0.1, 6.2, 12, dtype=torch.float64)[:, None]
    # Central differences over 1e-3 bohr meet the cubic term: the error is h²V‴/6 over V″.
    expected = torch.cat((lowest(phi[:, 0]), phi), 1)
    torch.testing.assert_close(internal.whole(phi), expected, rtol=0, atol=1e-6)


def test_two_are_left_free() -> None:
    system = molecular(potential, PEROXIDE.to_positions, MASSES)
    ends = [(1.5, 2.3), (0.0, 2 * pi)]
    names = ("r1", "theta2", "r3", "theta3")
    internal = relaxed_coordinates(PEROXIDE, names, system, START, lambda *_: ends)
    q = torch.tensor([[1.7, 0.3], [2.0, 4.0]], dtype=torch.float64)
    others = lowest(q[:, 1])[:, [0, 2, 3, 4]]
    torch.testing.assert_close(internal.whole(q)[:, [0, 2, 3, 4]], others, rtol=0, atol=1e-6)


def test_a_valley_that_ends_is_refused() -> None:
    """A second valley of r2 becomes the lower one, and the first ends."""

    def double(x: Tensor) -> Tensor:
        q = PEROXIDE.from_positions(x)
        y = (q[..., 1] - 2.0) / 0.2
        return 0.01 * ((y**2 - 1) ** 2 - 1.7 * y * q[..., 5].cos()) + (
            (q - START)[..., [0, 2, 3, 4]] ** 2
        ).sum(-1)

    system = molecular(double, PEROXIDE.to_positions, MASSES)
    said = r"over r1, r2, theta2, r3, theta3 jumps or bends sharply near phi3 = .* deg: .* r2 "
    with pytest.raises(ValueError, match=said):
        relaxed_coordinates(PEROXIDE, OTHERS, system, START, lambda *_: None)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("r9",), "'r9' is not a coordinate; they are r1, r2"),
        (("r1",), r"leaves 5 coordinates free \(r2, theta2, r3, theta3, phi3\); leave one or two"),
        ((*OTHERS, "phi3"), "leaves 0 coordinates free;"),
        (OTHERS[1:], "needs `ranges` of r1, phi3"),
    ],
)
def test_refusals(names: tuple[str, ...], words: str) -> None:
    system = molecular(potential, PEROXIDE.to_positions, MASSES)
    with pytest.raises(ValueError, match=words):
        relaxed_coordinates(PEROXIDE, names, system, START, lambda *_: None)


def test_levels_of_a_breathing_molecule() -> None:
    """Two equal bonds at a fixed angle: -1/(2M) (d²/dr² + 3/r d/dr) + A r² + B/r².

    That is a radial oscillator in four dimensions, E = ω (2n + 1 + √(1 + 2MB)), ω = √(2A/M).
    """
    water = ZMatrix((("O",), ("H", 0), ("H", 0, 1)))
    steep, wall = 0.1, 1.1

    def bonds(x: Tensor) -> Tensor:
        r1, r2, _ = water.from_positions(x).unbind(-1)
        return steep * r1**2 + wall / r1**2 + (r2 - r1) ** 2

    request = pes.CoordinateRequest(
        kind="zmatrix", rows=water.rows, fixed={"theta2": 104.0}, relaxed=("r2",),
        ranges={"r1": (0.4, 2.0)}, reference=water.to_positions(BENT)[0].div(ANGSTROM).tolist(),
    )  # fmt: skip
    result = pes.levels(
        bonds, "O H H", coordinates=request, count=4, basis={"all": 20}, cap=200000.0
    )
    masses = Molecule(("O", "H", "H")).masses
    x = water.to_positions(torch.tensor([1.0, 1.0, 104 * pi / 180], dtype=torch.float64))
    x = x - masses @ x / masses.sum()
    mass = float((masses[:, None] * x**2).sum())
    omega, order = (2 * steep / mass) ** 0.5, (1 + 2 * mass * wall) ** 0.5
    exact = [omega * (2 * n + 1 + order) - 2 * (steep * wall) ** 0.5 for n in range(4)]
    energies = result.levels.zero_point_energy + result.levels.excitations
    # A millionth of a wavenumber, in hartree.
    torch.testing.assert_close(
        energies, torch.tensor(exact, dtype=torch.float64), rtol=0, atol=5e-12
    )
    assert "leaves out 2 of 3 vibrations (it has the coordinates r1;" in result.warnings[0]


def test_the_way_from_hcn_to_hnc() -> None:
    """Both minima lie on the path, and its bends end linear on either side."""
    request = pes.CoordinateRequest(
        kind="jacobi", centre=0, relaxed=("r", "R"), ranges={"theta": (0.0, 180.0)}
    )
    result = pes.levels("hydrogen_cyanide_model", "H C N", coordinates=request, count=3)
    path = result.task.internal.to_positions(torch.tensor([[0.01], [pi - 0.01]]).double(), HCN)
    bonds = (path[:, 0, None] - path[:, 1:]).norm(dim=-1) / ANGSTROM
    # H at N, then H at C: bonds of 1.00 and 1.07 angstrom.
    assert bonds.argmin(1).tolist() == [1, 0]
    assert bonds.amin(1).tolist() == pytest.approx([1.0, 1.07], abs=0.02)


def test_normal_modes_have_no_path() -> None:
    request = pes.CoordinateRequest(kind="normal_modes", relaxed=("q1", "q2"))
    with pytest.raises(ValueError, match="is for lengths and angles"):
        pes.levels("water_pjt1996", coordinates=request, count=3)
