"""Characters of levels under exchange of like atoms and parity."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from pes.coordinates import Jacobi, ZMatrix
from pes.molecule import Molecule
from pes.potential.analytic import WaterPJT
from pes.units import ANGSTROM, DEGREE
from pes.vibration import BasisSpec, Levels, System, molecular, vibrational_levels
from pes.vibration.analysis.characters import characters
from pes.vibration.symmetry.operation import Operation
from pes.vibration.symmetry.operations import symmetry_operations
from pes.vibration.symmetry.representations import symmetry_labels

HOH = Molecule(("O", "H", "H")).masses


def symmetries(found: Levels) -> list[Operation]:
    return symmetry_operations(found.system, found.bases)


def test_water(water_levels: Levels) -> None:
    """ν3 alone of the lowest five is antisymmetric."""
    found = symmetries(water_levels)
    assert [o.name for o in found] == ["(2 3)"]
    values = characters(water_levels, found)
    exact = torch.tensor([[1.0], [1], [1], [1], [-1]], dtype=torch.float64)
    torch.testing.assert_close(values, exact, rtol=0, atol=1e-8)  # of the eigenvectors
    assert symmetry_labels(found, values) == ["A1", "A1", "A1", "A1", "B2"]


def test_one_deuterium_leaves_none(
    water: Callable[..., System], bonds_and_angle: tuple[BasisSpec, ...]
) -> None:
    found = vibrational_levels(water("O", "H", "D"), bonds_and_angle, 2, convergence=False)
    assert symmetries(found) == []
    assert symmetry_labels([], characters(found, [])) == ["", ""]


def test_different_bases_show_nothing(
    water: Callable[..., System], bonds_and_angle: tuple[BasisSpec, ...]
) -> None:
    r1, r2, theta = bonds_and_angle
    found = vibrational_levels(water(), (r1, replace(r2, functions=6), theta), 2, convergence=False)
    assert symmetries(found) == []


def test_jacobi_angle_is_even_or_odd() -> None:
    """With the hydrogens as the pair, exchange is θ → π − θ."""
    wanted = (
        BasisSpec("sinc", 0.6 * ANGSTROM, 2.4 * ANGSTROM, 7, points=12, primitives=40),
        BasisSpec("sinc", 0.2 * ANGSTROM, 1.1 * ANGSTROM, 8, points=13, primitives=40),
        BasisSpec("legendre", 30 * DEGREE, 150 * DEGREE, 8, points=12, primitives=40),
    )
    system = molecular(WaterPJT(), Jacobi(0, (1, 2)).to_positions, HOH)
    found = vibrational_levels(system, wanted, 5, convergence=False)
    symmetry = symmetries(found)
    assert [(o.name, o.mirrored) for o in symmetry] == [("(2 3)", (False, False, True))]
    assert symmetry_labels(symmetry, characters(found, symmetry)) == ["A1", "A1", "A1", "A1", "B2"]


def springs(positions: Tensor) -> Tensor:
    """Planar formaldehyde of harmonic distances, floppy out of its plane."""
    c, o, h1, h2 = positions.unbind(-2)
    pairs = {(0, 1): 2.3, (0, 2): 2.1, (0, 3): 2.1, (1, 2): 3.8, (1, 3): 3.8, (2, 3): 3.55}
    atoms = (c, o, h1, h2)
    return sum(
        (0.2 * ((atoms[i] - atoms[j]).norm(dim=-1) - r) ** 2 for (i, j), r in pairs.items()),
        start=torch.zeros_like(c[..., 0]),
    )


def test_formaldehyde_has_both() -> None:
    """(3 4), E* and their product: out of the plane B1, against each other B2."""
    zmatrix = ZMatrix((("C",), ("O", 0), ("H", 0, 1), ("H", 0, 1, 2)))
    masses = Molecule(("C", "O", "H", "H")).masses
    bond = BasisSpec("sinc", 1.5, 2.8, 3, points=5, primitives=30)
    angle = BasisSpec("legendre", 1.3, 2.9, 3, points=5, primitives=30)
    wanted = (
        replace(bond, low=1.9, high=2.8), bond, angle, bond, angle,
        BasisSpec("sinc", 2.0, 2 * torch.pi - 2.0, 4, points=7, primitives=30),
    )  # fmt: skip
    system = molecular(springs, zmatrix.to_positions, masses)
    found = vibrational_levels(system, wanted, 6, convergence=False)
    symmetry = symmetries(found)
    assert {o.name for o in symmetry} == {"(3 4)", "E*", "(3 4)*"}
    values = characters(found, symmetry)
    named = dict(zip([o.name for o in symmetry], values.T, strict=True))
    torch.testing.assert_close(named["(3 4)"] * named["E*"], named["(3 4)*"], rtol=0, atol=1e-6)
    quanta = found.leading[0].tolist()
    for label, q in zip(symmetry_labels(symmetry, values), quanta, strict=True):
        odd = q[5] % 2 == 1
        assert (label in ("A2", "B1")) == odd, (label, q)
    assert symmetry_labels(symmetry, values)[0] == "A1"


def test_a_mixture_is_called_one() -> None:
    operation = Operation("(2 3)", (1, 0), (False, False))
    assert symmetry_labels([operation], torch.tensor([[0.3]])) == ["mixed ((2 3) 0.30)"]
