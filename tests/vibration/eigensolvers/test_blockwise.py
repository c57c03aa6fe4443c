"""Levels of all blocks together: none missed, each with its label."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from pes.coordinates import Valence, ZMatrix
from pes.molecule import Molecule
from pes.potential.analytic import WaterPJT
from pes.potential.analytic.formaldehyde import FormaldehydeModel
from pes.units import ANGSTROM, CM1, DEGREE
from pes.vibration import (
    BasisSpec,
    Levels,
    System,
    curvatures,
    model,
    molecular,
    vibrational_levels,
)
from pes.vibration.analysis.characters import characters
from pes.vibration.basis.truncation import Truncation
from pes.vibration.eigensolvers import blockwise, select
from pes.vibration.eigensolvers.davidson import Progress
from pes.vibration.eigensolvers.degeneracy import clusters
from pes.vibration.hamiltonian.operator import Hamiltonian
from pes.vibration.symmetry.operations import symmetry_operations
from pes.vibration.symmetry.representations import symmetry_labels
from pes.vibration.symmetry.shared_products import shared_products

LINE = BasisSpec("sinc", -8.0, 8.0, 12, points=18, primitives=60)


@pytest.fixture
def isotropic() -> System:
    """Three unit oscillators: levels n + 3/2, (n + 1)(n + 2)/2 times each."""
    return model(lambda q: (q**2).sum(-1) / 2, torch.eye(3, dtype=torch.float64))


SOLVERS = ["auto", "dense", "shift_invert", "davidson"]


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("count", [1, 12])
def test_no_degenerate_level_is_missed(solver: str, count: int, isotropic: System) -> None:
    shells = torch.repeat_interleave(torch.arange(6), torch.tensor([1, 3, 6, 10, 15, 21]))
    products = Truncation(quanta=7)
    found = vibrational_levels(
        isotropic, [LINE] * 3, count, cap=1e3, truncation=products, convergence=False, solver=solver
    )
    # 12 functions of cuts hold the lowest shells to 1e-9.
    exact = shells[:count].double() + 1.5
    torch.testing.assert_close(found.energies, exact, rtol=0, atol=1e-8)
    assert len(found.eigenpairs.symmetry) == count


def test_parity_of_oscillators(isotropic: System) -> None:
    """Three reflections: the label of a level is the parity of its quanta."""
    names = [replace(LINE, name=n) for n in "xyz"]
    found = vibrational_levels(isotropic, names, 10, cap=1e3, convergence=False)
    group = found.hamiltonian.operations
    for label, quanta in zip(found.eigenpairs.symmetry, found.leading[0].tolist(), strict=True):
        # Of levels with the same parities, x² and y² for one, any mixture is a level.
        signs = [
            -1 if sum(q for q, m in zip(quanta, o.mirrored, strict=True) if m) % 2 else 1
            for o in group
        ]
        assert label == " ".join("+" if s > 0 else "-" for s in signs)


@pytest.mark.parametrize("solver", ["auto", "davidson"])
def test_water(
    solver: str, water: Callable[..., System], bonds_and_angle: tuple[BasisSpec, ...]
) -> None:
    """Six of 21 levels with odd v₃: J. Tennyson et al., doi:10.1016/j.jqsrt.2012.10.002."""
    whole = vibrational_levels(
        water(), bonds_and_angle, 21, convergence=False, symmetry=False, solver=solver
    )
    found = vibrational_levels(water(), bonds_and_angle, 21, convergence=False, solver=solver)
    # Lanczos and Davidson stop at residuals of 1e-9 hartree.
    torch.testing.assert_close(found.energies, whole.energies, rtol=0, atol=1e-12)
    # 001, 011, 021, 101, 031, 111.
    odd = [n for n, label in enumerate(found.eigenpairs.symmetry) if label == "B2"]
    assert odd == [4, 7, 10, 12, 16, 18]
    assert found.eigenpairs.symmetry.count("A1") == 15
    assert found.warnings == whole.warnings
    assert whole.eigenpairs.symmetry == ()
    assert float(found.eigenpairs.residuals.max()) < 1e-8
    c = found.eigenpairs.coefficients
    torch.testing.assert_close(c @ c.T, torch.eye(21).double(), rtol=0, atol=1e-10)
    by_projection = symmetry_labels(
        symmetry_operations(whole.system, whole.bases),
        characters(whole, symmetry_operations(whole.system, whole.bases)),
    )
    assert list(found.eigenpairs.symmetry) == by_projection


def test_a_guess_that_is_too_low_is_mended(
    water: Callable[..., System], bonds_and_angle: tuple[BasisSpec, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """One level of each block at first: more are asked for until none can be missing."""
    h = vibrational_levels(water(), bonds_and_angle, 1, convergence=False).hamiltonian
    exact = select.lowest_eigenpairs(h, 21).energies
    monkeypatch.setattr(blockwise, "_guess", lambda parts, count, energies: [1] * len(parts))
    torch.testing.assert_close(
        blockwise.lowest_blockwise(h, 21).energies, exact, rtol=0, atol=1e-12
    )


def test_deuterium_is_no_hydrogen(
    water: Callable[..., System], bonds_and_angle: tuple[BasisSpec, ...]
) -> None:
    found = vibrational_levels(water("O", "H", "D"), bonds_and_angle, 4, convergence=False)
    assert found.eigenpairs.symmetry == ()
    assert found.hamiltonian.operations == ()
    assert found.warnings == ()


def test_a_surface_that_tells_its_atoms_apart(bonds_and_angle: tuple[BasisSpec, ...]) -> None:
    """A slope along r1 − r2 of 0.01 cm⁻¹ per bohr, at most: whole H, and the reader is told."""
    surface = WaterPJT()

    def lopsided(x: Tensor) -> Tensor:
        r1, r2 = ((x[:, i] - x[:, 0]).norm(dim=1) for i in (1, 2))
        return surface(x) + 0.01 * CM1 * torch.tanh(r1 - r2)

    masses = Molecule(("O", "H", "H")).masses
    system = molecular(lopsided, Valence(0, (1, 2)).to_positions, masses)
    found = vibrational_levels(system, bonds_and_angle, 5, convergence=False)
    assert found.eigenpairs.symmetry == ()
    (line,) = found.warnings
    assert line.startswith("no blocks by the symmetry (2 3): the surface changes by up to 0.01")
    quiet = vibrational_levels(system, bonds_and_angle, 5, convergence=False, symmetry=False)
    assert quiet.warnings == ()
    # The basis is that of a symmetric molecule, but all of it is there.
    torch.testing.assert_close(found.energies, quiet.energies, rtol=0, atol=1e-9)


def test_unlike_bases_are_told(
    water: Callable[..., System], bonds_and_angle: tuple[BasisSpec, ...]
) -> None:
    r1, r2, theta = bonds_and_angle
    found = vibrational_levels(water(), (r1, replace(r2, functions=6), theta), 2, convergence=False)
    assert found.eigenpairs.symmetry == ()
    assert "give r1 and r2 equal ranges and bases" in found.warnings[0]


def formaldehyde(*symbols: str) -> tuple[System, tuple[BasisSpec, ...]]:
    zmatrix = ZMatrix((("C",), ("O", 0), ("H", 0, 1), ("H", 0, 1, 2)))
    masses = Molecule(symbols or ("C", "O", "H", "H")).masses
    wanted = []
    for name, kind, (low, high) in zip(
        zmatrix.names, zmatrix.kinds, FormaldehydeModel.ranges, strict=True
    ):
        size = ANGSTROM if kind == "length" else DEGREE
        wanted.append(BasisSpec("sinc", low * size, high * size, 4, 5, 40, name))
    return molecular(FormaldehydeModel(), zmatrix.to_positions, masses), tuple(wanted)


def test_formaldehyde_in_four_blocks() -> None:
    """Fundamentals: A1 three, B1 (out of the plane) one, B2 two."""
    system, wanted = formaldehyde()
    products = Truncation(quanta=3)
    whole = vibrational_levels(
        system, wanted, 20, truncation=products, convergence=False, symmetry=False
    )
    found = vibrational_levels(system, wanted, 20, truncation=products, convergence=False)
    # The search for the minimum ends 1e-7 off the plane.
    torch.testing.assert_close(found.energies, whole.energies, rtol=0, atol=1e-9)
    assert found.warnings == whole.warnings
    assert len(found.hamiltonian.operations) == 3
    singles = {
        label: [q for q in found.leading[0][n].tolist()]
        for n, label in enumerate(found.eigenpairs.symmetry[:7])
    }
    assert set(found.eigenpairs.symmetry) == {"A1", "A2", "B1", "B2"}
    assert singles["B1"][5] == 1
    for label, quanta in zip(found.eigenpairs.symmetry, found.leading[0].tolist(), strict=True):
        assert (label in ("A2", "B1")) == (quanta[5] % 2 == 1)


def test_one_deuterium_keeps_parity() -> None:
    system, wanted = formaldehyde("C", "O", "H", "D")
    found = vibrational_levels(
        system, wanted, 6, truncation=Truncation(quanta=2), convergence=False
    )
    assert set(found.eigenpairs.symmetry) == {"A'", 'A"'}
    assert found.warnings == ()


def test_all_levels_up_to_an_energy(isotropic: System) -> None:
    found = vibrational_levels(isotropic, [LINE] * 3, energy=3.5, cap=1e3, convergence=False)
    assert len(found.energies) == 20
    assert len(found.eigenpairs.symmetry) == 20
    assert [len(c) for c in clusters(found.energies)] == [1, 3, 6, 10]


def test_second_derivatives_see_no_difference(
    water: Callable[..., System], bonds_and_angle: tuple[BasisSpec, ...]
) -> None:
    """A perturbation of one bond mixes the blocks: the response lies in the other."""
    strength = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    plain = water()

    def bent(q: Tensor) -> Tensor:
        return plain.potential(q) + strength * torch.exp(-((q[:, 0] - 1.9) ** 2))

    system = replace(plain, potential=bent)
    found, whole = (
        vibrational_levels(system, bonds_and_angle, 5, convergence=False, symmetry=s)
        for s in (True, False)
    )
    assert found.eigenpairs.symmetry[4] == "B2"
    ours, theirs = (curvatures(x, [strength], system=system) for x in (found, whole))
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-9)


def test_a_calculation_goes_on_from_all_its_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    def quartic(q: Tensor) -> Tensor:
        return (q**2).sum(-1) / 2 + 0.1 * (q**2).sum(-1) ** 2

    even = model(quartic, torch.eye(3, dtype=torch.float64))
    # Or the zero-order Hamiltonian would be the whole of a block, and any start as good.
    monkeypatch.setattr(select, "matrix_pays", lambda _: False)
    monkeypatch.setattr(select, "BLOCK", 10)
    steps: list[Progress] = []
    products = Truncation(quanta=7)

    def run(start: Tensor | None) -> Tensor:
        return vibrational_levels(
            even, [LINE] * 3, 8, cap=1e3, truncation=products, convergence=False,
            solver="davidson", watch=steps.append, start=start,
        ).energies  # fmt: skip

    once = run(None)
    # Vectors of all blocks, in the products of the whole.
    assert steps[-1].vectors.shape[1] == 120
    assert steps[-1].converged == steps[-1].requested == len(steps[-1].vectors)
    first = len(steps)
    again = run(steps[-1].vectors)
    # What is known has converged at the first look, where the first calculation had nothing. All
    # products together are no fewer in so small a case: a level more is asked of every block.
    assert steps[first].converged >= 5
    assert steps[0].converged == 0
    torch.testing.assert_close(again, once, rtol=0, atol=1e-12)


def test_blocks_share_products_on_the_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight blocks by reflection: one product with H serves a vector of each."""
    monkeypatch.setattr(select, "matrix_pays", lambda _: False)
    # Or the zero-order Hamiltonian would be the whole of a block.
    monkeypatch.setattr(select, "BLOCK", 10)

    def potential(q: Tensor) -> Tensor:
        x, y, z = (q**2).unbind(-1)
        return (x + 1.3 * y + 0.8 * z) / 2 + 0.1 * (x * y + y * z + z * x)

    system = model(potential, torch.eye(3, dtype=torch.float64))

    def run(symmetry: bool) -> Levels:
        return vibrational_levels(
            system, [LINE] * 3, 24, cap=1e3, truncation=Truncation(quanta=11), convergence=False,
            solver="davidson", symmetry=symmetry,
        )  # fmt: skip

    found, whole = run(True), run(False)
    torch.testing.assert_close(found.energies, whole.energies, rtol=0, atol=1e-12)
    assert 0 < found.eigenpairs.matvecs < whole.eigenpairs.matvecs / 2
    assert float(found.eigenpairs.residuals.max()) < 1e-8
    _check_shared_products(found, monkeypatch)


def _check_shared_products(levels: Levels, monkeypatch: pytest.MonkeyPatch) -> None:
    """H times vectors of blocks, in fewer products; mixtures of blocks have their own."""
    h, vectors = levels.hamiltonian, levels.eigenpairs.coefficients
    mixed = (vectors[:1] + vectors[1:2]) / 2**0.5
    alone, sizes = h.apply, list[int]()

    def counted(_: Hamiltonian, v: Tensor) -> Tensor:
        sizes.append(len(v))
        return alone(v)

    monkeypatch.setattr(Hamiltonian, "apply", counted)
    for each in (vectors, torch.cat((vectors, mixed))):
        torch.testing.assert_close(shared_products(h, each), alone(each), rtol=0, atol=1e-12)
    assert sizes[0] < len(vectors) / 2
    assert sizes[1] == len(vectors) + 1
