"""Exchanges and reflections that leave a molecule or a model as it is."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from pes.coordinates import Jacobi
from pes.molecule import Molecule
from pes.units import ANGSTROM, DEGREE
from pes.vibration import BasisSpec, System, model, molecular
from pes.vibration.symmetry.operation import Operation
from pes.vibration.symmetry.operations import (
    _involutions,
    commuting,
    hidden_symmetries,
    symmetry_operations,
)

LINE = BasisSpec("sinc", -6.0, 6.0, 6, points=10, primitives=30)


def test_every_involution_once() -> None:
    """1, 2, 4, 10, 26, 76: number of involutions of n things."""
    counts = [len(set(_involutions(tuple(range(n))))) for n in range(1, 7)]
    assert counts == [1, 2, 4, 10, 26, 76]
    assert next(_involutions((0, 1, 2))) == (0, 1, 2)


def test_water_by_its_atoms(
    water: Callable[..., System], bonds_and_angle: tuple[BasisSpec, ...]
) -> None:
    found = symmetry_operations(water(), bonds_and_angle)
    assert [(o.name, o.order) for o in found] == [("(2 3)", (1, 0, 2))]
    assert symmetry_operations(water("O", "H", "D"), bonds_and_angle) == []


def test_the_surface_is_not_asked() -> None:
    """A molecule keeps its symmetry on a surface that has none: whoever uses it must look."""

    def lopsided(positions: Tensor) -> Tensor:
        raise AssertionError

    masses = Molecule(("O", "H", "H")).masses
    system = molecular(lopsided, Jacobi(0, (1, 2)).to_positions, masses)
    length = BasisSpec("sinc", 0.6 * ANGSTROM, 2.4 * ANGSTROM, 7, points=12, primitives=40)
    angle = BasisSpec("legendre", 30 * DEGREE, 150 * DEGREE, 8, points=12, primitives=40)
    found = symmetry_operations(system, (length, replace(length, low=0.4 * ANGSTROM), angle))
    assert [(o.name, o.mirrored) for o in found] == [("(2 3)", (False, False, True))]
    # An angle that does not end as far from 0 as from π has no mirror image among its functions.
    lower = replace(angle, low=40 * DEGREE)
    assert symmetry_operations(system, (length, replace(length, low=0.4 * ANGSTROM), lower)) == []


def test_like_coordinates_of_unlike_bases_are_told(
    water: Callable[..., System], bonds_and_angle: tuple[BasisSpec, ...]
) -> None:
    r1, r2, theta = bonds_and_angle
    (line,) = hidden_symmetries(water(), (r1, replace(r2, functions=6), theta))
    assert line == "no blocks by the symmetry (2 3): give r1 and r2 equal ranges and bases"
    assert hidden_symmetries(water(), bonds_and_angle) == []
    assert hidden_symmetries(water("O", "H", "D"), (r1, replace(r2, functions=6), theta)) == []


def test_a_model_by_its_surface(plane: System) -> None:
    """The isotropic oscillator has all eight operations of a square but the rotations by 90°."""
    found = symmetry_operations(plane, [replace(LINE, name="x"), replace(LINE, name="y")])
    assert [o.name for o in found] == [
        "y->-y", "x->-x", "x->-x y->-y", "x->y y->x", "x->-y y->-x",
    ]  # fmt: skip


def test_kinetic_coupling_breaks_reflections() -> None:
    g = torch.tensor([[1.0, 0.3], [0.3, 1.0]], dtype=torch.float64)
    system = model(lambda q: (q**2).sum(-1) / 2, g)
    names = [
        o.name
        for o in symmetry_operations(system, [replace(LINE, name="x"), replace(LINE, name="y")])
    ]
    assert names == ["x->-x y->-y", "x->y y->x", "x->-y y->-x"]


def test_what_commutes(plane: System) -> None:
    """Of a square the two reflections and their product: they leave each function in place."""
    chosen = commuting(
        symmetry_operations(plane, [replace(LINE, name="x"), replace(LINE, name="y")])
    )
    assert [o.name for o in chosen] == ["y->-y", "x->-x", "x->-x y->-y"]


def test_composition_is_that_of_images() -> None:
    one = Operation("a", (1, 0, 2), (True, True, False))
    other = Operation("b", (0, 1, 2), (True, False, True))
    line = [(-4.0, 6.0)] * 3
    q = torch.randn(5, 3, generator=torch.Generator().manual_seed(1)).double()
    order, mirrored = one.after(other)
    both = Operation("ab", order, mirrored).image(q, line)
    torch.testing.assert_close(both, one.image(other.image(q, line), line))
