"""Symmetric and spherical tops by species: rigid ones exactly, and ammonia with its inversion."""

from collections import Counter
from dataclasses import replace
from math import pi

import pytest
import torch
from tops import SHAPES, group_of

from pes.coordinates import Umbrella
from pes.molecule import Molecule
from pes.potential.analytic import ANALYTIC
from pes.rovibration import Contraction, angular_momentum, contract_states
from pes.rovibration.coupling import Coupling
from pes.rovibration.group import MolecularGroup, Multiplets
from pes.rovibration.hamiltonian import eigenpairs, hamiltonian
from pes.rovibration.levels import Rovibrational, levels_of
from pes.rovibration.lines import strengths
from pes.rovibration.multiplets import rotor_images, solve_by_species, symmetric_moments
from pes.rovibration.nuclear_spin import spin_weights
from pes.units import ANGSTROM, CM1
from pes.vibration import BasisSpec, molecular, vibrational_levels
from pes.vibration.basis.truncation import Truncation


def rigid(group: MolecularGroup, constants: tuple[float, float, float], j: int) -> list:
    """Energy and species of each level of a rigid rotor."""
    of = Multiplets(group, torch.zeros(1).long(), torch.ones(len(group.starred), 1, 1).double())
    inertia = 2 * torch.diag(torch.tensor(constants, dtype=torch.float64))[..., None, None]
    zero = torch.zeros(1, dtype=torch.float64)
    basis = Coupling(zero, inertia, zero.expand(3, 1, 1), zero, multiplets=of)
    solved = solve_by_species(hamiltonian(basis, j), of, j, eigenpairs)
    names = [group.species[k] for k in solved.species.tolist()]
    return list(zip(solved.energies.tolist(), names, strict=True))


@pytest.fixture(scope="module", params=SHAPES)
def group(request: pytest.FixtureRequest) -> MolecularGroup:
    nuclei, x = SHAPES[request.param]
    found = group_of(x, nuclei)
    assert found is not None
    return found


@pytest.mark.parametrize("j", [1, 2])
def test_rotor_functions_turn_as_the_angular_momentum(group: MolecularGroup, j: int) -> None:
    matrices, turns = rotor_images(group, j), angular_momentum(j)
    moved = matrices[:, None] @ turns @ matrices[:, None].mT
    expected = torch.einsum("gba,bij->gaij", group.turns, turns)
    torch.testing.assert_close(moved, expected, rtol=0, atol=1e-7)


@pytest.mark.parametrize("j", range(5))
def test_rigid_symmetric_top(j: int) -> None:
    """B J (J + 1) + (C − B) K²; A1 or A2 for K = 0, both for K = 3, 6, …, and else E."""
    group = group_of(*reversed(SHAPES["C3v"]))
    assert group is not None
    expected: Counter = Counter()
    for k in range(j + 1):
        names = ["A2" if j % 2 else "A1"] if k == 0 else ["A1", "A2"] if k % 3 == 0 else ["E"]
        expected.update((round(5.0 * j * (j + 1) - 2.0 * k**2, 6), name) for name in names)
    found = rigid(group, (5.0, 5.0, 3.0), j)
    assert Counter((round(energy, 6), name) for energy, name in found) == expected


SPHERICAL = {
    0: ["A1"], 1: ["F1"], 2: ["E", "F2"], 3: ["A2", "F1", "F2"], 4: ["A1", "E", "F1", "F2"],
}  # fmt: skip


@pytest.mark.parametrize("j", SPHERICAL)
def test_rigid_spherical_top(j: int) -> None:
    """Rotation in Td(M) (Bunker and Jensen, appendix B)."""
    group = group_of(*reversed(SHAPES["Td"]))
    assert group is not None
    found = rigid(group, (5.0, 5.0, 5.0), j)
    assert sorted(name for _, name in found) == SPHERICAL[j]
    assert [energy for energy, _ in found] == pytest.approx([5.0 * j * (j + 1)] * len(found))


@pytest.fixture(scope="module")
def ammonia() -> Contraction:
    """The lowest states of the model in a small basis: pairs of E differ by 0.3 cm⁻¹."""
    surface = ANALYTIC["ammonia_model"]().requires_grad_(False)
    bond = ("sinc", 0.74 * ANGSTROM, 1.4 * ANGSTROM, 3)
    turn = ("sinc", -75 / 180 * pi, 75 / 180 * pi, 5)
    bases = [
        *(BasisSpec(*bond, points=4, primitives=41, name=f"r{k}") for k in (1, 2, 3)),
        BasisSpec("sinc", 0.2 * pi, 0.8 * pi, 12, points=14, primitives=41, name="beta"),
        *(BasisSpec(*turn, points=6, primitives=41, name=name) for name in ("sa", "sb")),
    ]
    system = molecular(surface, Umbrella(0).to_positions, Molecule(surface.symbols).masses)
    kept = Truncation(energy=6000 * CM1, self_consistent=True)
    levels = vibrational_levels(system, bases, 5, truncation=kept, convergence=False)
    return contract_states(levels, states=18)


def test_ammonia(ammonia: Contraction) -> None:
    """Species, K and weights; levels of K = 3 and the inversion are A1 and A2, never E."""
    assert (ammonia.frame, ammonia.coupling.multiplets is not None) == ("flexible", True)
    rows = []
    for j in (0, 1, 3):
        one = levels_of(ammonia, j)
        weights = spin_weights(
            ("14N", "1H", "1H", "1H"), ammonia.operations, one.characters, one.degeneracies
        )
        assert one.projection is not None
        rows += [
            (j, int(one.projection[k]), int(one.vibration[k]), one.symmetry[k], int(weights[k]))
            for k in range(len(one.energies)) if int(one.vibration[k]) < 2
        ]  # fmt: skip
    assert set(rows[:6]) == {
        (0, 0, 0, "A1'", 0), (0, 0, 1, 'A2"', 12), (1, 1, 0, 'E"', 6), (1, 1, 1, "E'", 6),
        (1, 0, 0, "A2'", 12), (1, 0, 1, 'A1"', 0),
    }  # fmt: skip
    third = {row[3:] for row in rows if row[:2] == (3, 3)}
    assert third == {('A1"', 0), ('A2"', 12), ("A2'", 12), ("A1'", 0)}


def test_species_do_not_change_the_levels(ammonia: Contraction) -> None:
    """All eigenvalues of H, but that pairs of E lie at their mean."""
    basis = replace(ammonia.coupling, missing=None)
    of = basis.multiplets
    assert of is not None
    plain, _ = eigenpairs(hamiltonian(basis, 2))
    solved = solve_by_species(hamiltonian(basis, 2), of, 2, eigenpairs)
    every = solved.energies.repeat_interleave(solved.degeneracies)
    torch.testing.assert_close(every, plain, rtol=0, atol=1e-9 * CM1)


def test_strengths_of_degenerate_levels(ammonia: Contraction) -> None:
    """The sum over all final levels is ⟨μ²⟩, and dipoles keep the spin and change the parity."""

    def charges(x: torch.Tensor) -> torch.Tensor:
        return x[:, 1:].sum(1) / 3 - x[:, 0]

    moments, of = ammonia.moments(charges), ammonia.coupling.multiplets
    assert of is not None
    # What is left out to second order lacks a part of the symmetry of such a basis.
    basis, every = replace(ammonia.coupling, missing=None), {}
    for j in (1, 2, 3):
        solved = solve_by_species(hamiltonian(basis, j), of, j, eigenpairs)
        every[j] = replace(
            levels_of(ammonia, j), energies=solved.energies, vectors=solved.vectors,
            members=solved.members,
            symmetry=tuple(of.group.species[k] for k in solved.species.tolist()),
        )  # fmt: skip
    each = {j: strengths(moments, final, every[2]) for j, final in every.items()}
    squares = (moments @ moments).sum(0)
    vectors = every[2].vectors.reshape(len(squares), 5, -1)
    expected = 5 * torch.einsum("nks,nm,mks->s", vectors, squares, vectors)
    assert every[2].members is not None
    leading = every[2].members.diff(prepend=torch.tensor([-1])).nonzero().flatten()
    total = sum(values.sum(0) for values in each.values())
    torch.testing.assert_close(total, expected[leading], rtol=1e-9, atol=0)
    for j, values in each.items():
        for f, i in (values > 1e-6 * values.max()).nonzero().tolist():
            upper, lower = every[j].symmetry[f], every[2].symmetry[i]
            assert upper[:-1].rstrip("12") == lower[:-1].rstrip("12")
            assert upper[-1] != lower[-1]


def test_sum_rule_of_a_spherical_top() -> None:
    """A rigid sphere with a vibration of species F2 and another of E; the moments are invented."""
    group = group_of(*reversed(SHAPES["Td"]))
    assert group is not None
    signs = group.turns.new_tensor([-1.0 if star else 1.0 for star in group.starred])
    vector = signs[:, None, None] * group.turns
    assert torch.allclose(vector[:, None] @ vector, vector[group.products])
    # Of the squares of x, y and z, the sum is A1 and what is left is E.
    plane = torch.tensor([[1.0, -1, 0], [1, 1, -2]], dtype=torch.float64)
    plane = plane / plane.norm(dim=1, keepdim=True)
    pair = plane @ vector.square() @ plane.T
    images = torch.stack(
        [
            torch.block_diag(torch.ones(1, 1).double(), v, e)
            for v, e in zip(vector, pair, strict=True)
        ]
    )
    of = Multiplets(group, torch.tensor([0, 1, 1, 1, 2, 2]), images)
    energies = torch.tensor([0.0, 6, 6, 6, 7, 7]).double() * 1e-3
    inertia = 1e-4 * torch.einsum("ab,mn->abmn", torch.eye(3), torch.eye(6)).double()
    zero = torch.zeros(6, dtype=torch.float64)
    basis = Coupling(energies, inertia, zero.expand(3, 6, 6), zero, multiplets=of)
    generator = torch.Generator().manual_seed(0)
    moments = torch.randn(3, 6, 6, dtype=torch.float64, generator=generator)
    moments = symmetric_moments(moments + moments.mT, of)
    assert float(moments[:, 0, 1:4].abs().max()) > 0.1
    every = {}
    for j in (1, 2, 3):
        solved = solve_by_species(hamiltonian(basis, j), of, j, eigenpairs)
        names = tuple(group.species[k] for k in solved.species.tolist())
        none = torch.zeros(len(names), dtype=torch.long)
        every[j] = Rovibrational(
            j, solved.energies, solved.vectors, none, none, none, none, none, none,
            group.characters[solved.species, 1:], names, 0, solved.members,
        )  # fmt: skip
    total = torch.stack([strengths(moments, one, every[2]).sum(0) for one in every.values()]).sum(0)
    squares = (moments @ moments).sum(0)
    vectors = every[2].vectors.reshape(6, 5, -1)
    expected = 5 * torch.einsum("nks,nm,mks->s", vectors, squares, vectors)
    assert every[2].members is not None
    leading = every[2].members.diff(prepend=torch.tensor([-1])).nonzero().flatten()
    torch.testing.assert_close(total, expected[leading], rtol=1e-9, atol=0)
    for one in every.values():
        values = strengths(moments, one, every[2])
        for f, i in (values > 1e-12 * values.max()).nonzero().tolist():
            assert {one.symmetry[f], every[2].symmetry[i]} in ({"A1", "A2"}, {"E"}, {"F1", "F2"})


def test_axes_without_the_symmetry_get_no_species(ammonia: Contraction) -> None:
    """The coordinates' own axes are others than those of the reference; levels are the same."""
    basis = contract_states(ammonia.levels, states=18, frame="embedded")
    assert basis.coupling.multiplets is None
    one, other = levels_of(basis, 1), levels_of(ammonia, 1)
    low = [(x.energies[x.vibration < 2] - ammonia.levels.energies[0]) / CM1 for x in (one, other)]
    own = other.degeneracies[other.vibration < 2]
    # A basis of so few functions and states.
    torch.testing.assert_close(low[1].repeat_interleave(own), low[0], rtol=0, atol=0.03)
