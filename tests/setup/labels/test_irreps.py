"""Species of degenerate levels: methane (Td), a pyramid (C3v) and a planar molecule (D3h)."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import pytest
import torch
from torch import Tensor

from pes.setup.labels.irreps import degenerate_species, group_name, unequal
from pes.setup.labels.labels import LevelLabels
from pes.setup.levels.level_result import LevelsResult
from pes.setup.levels.levels import levels
from pes.setup.problem.basis import BasisSize
from pes.setup.problem.truncation import TruncationRequest
from pes.units import ANGSTROM, CM1
from pes.vibration.levels.result import Levels

FEW = TruncationRequest(quanta=2, grid_level=4)


def star(positions: Tensor) -> Tensor:
    """XY₃: bonds, angles between them and the height of X over the plane of the others."""
    bonds = positions[:, 1:] - positions[:, :1]
    r = bonds.norm(dim=-1)
    e = bonds / r[..., None]
    pairs = list(combinations(range(3), 2))
    cosines = torch.stack([(e[:, i] * e[:, j]).sum(-1) for i, j in pairs], 1)
    height = (e[:, 0] * torch.linalg.cross(e[:, 1], e[:, 2])).sum(-1)
    stretch = (1 - torch.exp(-(r - 2.4))).square().sum(1)
    return 0.2 * stretch + 0.06 * (cosines + 0.5).square().sum(1) + 0.12 * height.square()


def few(surface: object, *args: Sequence[str], count: int, **more: object) -> LevelsResult:
    return levels(surface, *args, count=count, truncation=FEW, convergence=False, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def methane() -> LevelsResult:
    return few("methane_model", count=10)


@pytest.fixture(scope="module")
def pyramid() -> LevelsResult:
    return few("ammonia_model", count=5)


def test_fundamentals_of_methane(methane: LevelsResult) -> None:
    """ν₄ F2 and ν₂ E below the first overtones, ν₁ A1 and ν₃ F2 among all levels of two quanta."""
    rows = [row["irrep"] for row in methane.table]
    assert rows[:6] == ["A1", "F2", "F2", "F2", "E", "E"]
    assert group_name(*_geometry(methane)) == "Td"
    labels = [row["v1 v2 v3 v4"] for row in methane.table]
    assert labels == ["0 0 0 0", *["0 0 0 1"] * 3, *["0 1 0 0"] * 2, *["0 0 0 2"] * 4]
    assert "v1 A1 (2998 cm-1), v2 E (1585 cm-1), v3 F2 (3147 cm-1), v4 F2" in str(methane)
    assert float(methane.quanta.weights.min()) > 0.85


def test_overtones_of_one_symmetry_have_a_place(methane: LevelsResult) -> None:
    """Of 3ν₄ two levels are F2: no two levels may have one label and one symmetry."""
    pairs = [(1, 1, 1, 1), (0, 0, 0, 0), (1, 1, 1, 1), (0, 0, 0, 0)]
    quanta = [tuple(q) for q in pairs]
    labels = LevelLabels("v1 v2 v3 v4", quanta, torch.ones(4), ranks=(1, 0, 2, 0))
    assert [labels.text(n) for n in range(3)] == ["1 1 1 1 #1", "0 0 0 0", "1 1 1 1 #2"]
    names = [(row["v1 v2 v3 v4"], row["irrep"]) for row in methane.table]
    sizes = {"A": 1, "E": 2, "F": 3}
    assert all(names.count(name) == sizes[name[1][0]] for name in names if name[1] != "?")


def _geometry(result: LevelsResult) -> tuple[Tensor, Tensor]:
    task = result.task
    masses = task.masses.detach()
    return task.internal.to_positions(task.start[None], masses)[0].detach(), masses


def test_planar_molecule() -> None:
    """Out-of-plane A2″ and E′ bends of a planar XY₃."""
    flat = [[0.0, 0, 0], [1.27, 0, 0], [-0.635, 1.1, 0], [-0.635, -1.1, 0]]
    found = few(star, ["B", "F", "F", "F"], count=9, reference=flat)
    assert [row["irrep"] for row in found.table[:3]] == ["A1'", "E'", "E'"]
    # The fourth mode of this surface, at 897 cm⁻¹, is the one that leaves the plane.
    assert found.table[7]["irrep"] == 'A2"'
    assert [found.table[n]["v1 v2 v3 v4"] for n in (0, 1, 2, 7)] == [
        "0 0 0 0", "0 0 0 1", "0 0 0 1", "0 1 0 0",
    ]  # fmt: skip


def test_pyramid(pyramid: LevelsResult) -> None:
    """In one well; a pair that is cut has no species."""
    assert [row["irrep"] for row in pyramid.table][:4] == ["A1", "A1", "E", "E"]
    cut = replace(pyramid.levels, eigenpairs=pyramid.levels.eigenpairs.first(3))
    assert degenerate_species(cut, pyramid.task) == ["A1", "A1", "?"]


def test_inversion_that_levels_follow() -> None:
    """Both wells of ammonia in one basis: the molecule is D3h, and a doublet is A1′ and A2″."""
    sizes = {"all": BasisSize(functions=2, points=4), "beta": BasisSize(functions=6, points=10)}
    both = levels(
        "ammonia_model", count=5, coordinates="umbrella", basis=sizes, convergence=False,
        ranges={"r1": (0.8, 1.3), "r2": (0.8, 1.3), "r3": (0.8, 1.3), "beta": (50, 130),
                "sa": (-50, 50), "sb": (-50, 50)},
    )  # fmt: skip
    assert [row["irrep"] for row in both.table][:4] == ["A1'", 'A2"', "A1'", 'A2"']
    labels = [row["v1 v2 v3 v4"] for row in both.table]
    assert labels[:4] == ["0 0 0 0", "0 0 0 0", "0 1 0 0", "0 1 0 0"]
    assert "v2 counts pairs of levels" in both.quanta.convention


def test_a_pair_that_errors_split_has_no_species(pyramid: LevelsResult) -> None:
    """Both members of E, farther apart than a tenth of their errors, are not called A1 and A2."""
    result = pyramid.levels
    energies = result.energies.clone()
    energies[3] += 0.3 * CM1
    errors = torch.full((3, len(energies)), 0.2 * CM1, dtype=torch.float64)
    apart = replace(
        result, eigenpairs=replace(result.eigenpairs, energies=energies), estimated_changes=errors
    )
    assert degenerate_species(apart, pyramid.task)[:4] == ["A1", "A1", "?", "?"]


def test_levels_that_are_cut_or_apart_have_no_species(methane: LevelsResult) -> None:
    result: Levels = methane.levels
    cut = replace(result, eigenpairs=result.eigenpairs.first(3))
    assert degenerate_species(cut, methane.task)[1:] == ["?", "?"]
    energies = result.energies.clone()
    energies[5] = energies[4] + 0.9 * CM1
    moved = replace(result, eigenpairs=replace(result.eigenpairs, energies=energies))
    (said,) = unequal(moved, methane.task)
    assert "differ by up to 0.9 cm-1 (E, levels 4, 5)" in said


def test_other_molecules_have_none() -> None:
    bent = torch.tensor([[0.0, 0, 0], [1, 0.2, 0], [-0.3, 0.9, 0], [0.1, 0, 1.2]]) * ANGSTROM
    assert group_name(bent.double(), torch.tensor([12.0, 1, 1, 2]).double()) is None
