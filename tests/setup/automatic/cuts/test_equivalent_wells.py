"""Surfaces that hold a molecule twice, the second time with like atoms in each other's place."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from pes.setup.inputs.surfaces import as_surface
from pes.setup.levels.level_result import LevelsResult
from pes.setup.levels.solved import solved
from pes.setup.problem.problem import problem


def arrangement(x: Tensor, near: int, far: int) -> Tensor:
    """H bound to one O: two Morse bonds and a harmonic cosine."""
    bond, other = x[:, 0] - x[:, near], x[:, far] - x[:, near]
    r, s = bond.norm(dim=-1), other.norm(dim=-1)
    cosine = (bond * other).sum(-1) / r / s
    y, z = 1 - torch.exp(-1.15 * (r - 1.84)), 1 - torch.exp(-1.3 * (s - 2.52))
    return 0.16 * y**2 + 0.11 * z**2 + 0.05 * (cosine + 0.25) ** 2


def one_well(x: Tensor) -> Tensor:
    return arrangement(x, 1, 2)


def both_wells(x: Tensor, coupling: float) -> Tensor:
    """The lower of two states, each with H at one of the O."""
    v, w = arrangement(x, 1, 2), arrangement(x, 2, 1)
    return (v + w) / 2 - ((v - w).square() / 4 + coupling**2).sqrt()


def levels(surface: Callable[[Tensor], Tensor], count: int) -> tuple[LevelsResult, list[str]]:
    """Levels of H–O–O, and what is said on the way."""
    said: list[str] = []
    task = problem(as_surface(surface), ["H", "O", "O"])
    return solved(task, count=count, accuracy=0.5, progress=said.append), said


def test_levels_far_below_the_pass_are_those_of_one_well() -> None:
    """The pass lies 9,100 cm⁻¹ above the minimum, the highest level 4,900."""
    alone, _ = levels(one_well, 6)
    both, said = levels(lambda x: both_wells(x, 1e-5), 6)
    for one, other in zip(alone.table, both.table, strict=True):
        assert other["energy"] == pytest.approx(one["energy"], abs=0.05)
        assert other["v1 v2 v3"] == one["v1 v2 v3"]
    assert any("levels are those of one well" in sentence for sentence in said)


def test_levels_that_pass_are_there_for_each_well() -> None:
    """The pass lies 3,650 cm⁻¹ above the minimum, the ground state 2,640."""
    result, said = levels(lambda x: both_wells(x, 0.03), 6)
    assert any("can pass to an equivalent well" in sentence for sentence in said)
    energies = [row["energy"] for row in result.table]
    splittings = [b - a for a, b in zip(energies[::2], energies[1::2], strict=True)]
    assert max(splittings) < 1 < energies[2] - energies[0]


def test_rotational_constants_are_those_of_the_well_that_a_level_is_in() -> None:
    """In the frame of one well B was 1.63 cm⁻¹ for levels in both, whose wells have 1.10 each."""
    alone, _ = levels(one_well, 1)
    both, _ = levels(lambda x: both_wells(x, 0.03), 2)
    for row in both.table:
        for name in ("<B>", "<C>"):
            # The states couple, which shortens the distance between the O by 0.003 Å.
            assert row[name] == pytest.approx(alone.table[0][name], rel=0.02)
