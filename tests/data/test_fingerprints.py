"""Points are recognised in another file, and no other points are."""

from itertools import permutations

import pytest
import torch
from torch import Tensor

from pes.data.fingerprints import CELL, fingerprints, is_among
from pes.units import ANGSTROM


def methanes(points: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    corners = [[0, 0, 0], [1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]
    shifts = 0.3 * torch.randn(points, 5, 3, generator=generator, dtype=torch.float64)
    return 1.2 * torch.tensor(corners, dtype=torch.float64) + shifts


@pytest.mark.parametrize("decimals", [6, 8])
def test_rounding_of_a_file_hides_no_point_and_invents_none(decimals: int) -> None:
    x = methanes(4000)
    rounded = (x / ANGSTROM).round(decimals=decimals) * ANGSTROM
    known = is_among(rounded, "CHHHH", fingerprints(x[:1500], "CHHHH"))
    assert known[:1500].all()
    assert not known[1500:].any()


def test_like_atoms_rotation_and_reflection_do_not_matter() -> None:
    x = methanes(1)
    orders = [[0, *order] for order in permutations(range(1, 5))]
    copies = torch.cat([-x[:, order].roll(1, -1) + 0.7 for order in orders])
    assert is_among(copies, "CHHHD", fingerprints(x, "CHHHH")).all()
    assert not is_among(x[:, [1, 0, 2, 3, 4]], "CHHHH", fingerprints(x, "CHHHH")).any()


def test_a_point_on_the_edge_of_its_cell_is_recognised_from_both_sides() -> None:
    lengths = CELL * torch.arange(5000, 5100, dtype=torch.float64)
    x = torch.zeros(100, 2, 3, dtype=torch.float64)
    x[:, 1, 0] = lengths
    for shift in (-1e-6, 1e-6):
        assert is_among(x - shift, "HH", fingerprints(x, "HH")).all()  # both atoms: no change
        moved = x.clone()
        moved[:, 1, 0] += shift
        assert is_among(moved, "HH", fingerprints(x, "HH")).all()


def test_an_equilateral_molecule_on_all_edges_at_once() -> None:
    corners = torch.tensor([[[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]])
    x = 5000 * CELL / 8**0.5 * corners.double()
    assert is_among(x * (1 - 1e-9), "PPPP", fingerprints(x * (1 + 1e-9), "PPPP")).all()


def test_the_numbers_are_those_of_files_written_before() -> None:
    # Surface files hold them: another version must make the same.
    x = torch.tensor([[[0.0, 0, 0], [1.8, 0, 0], [0, 1.9, 0]]], dtype=torch.float64)
    cells = [int(r / CELL) for r in (1.8, 1.9, (1.8**2 + 1.9**2) ** 0.5)]
    generator = torch.Generator().manual_seed(20_011)
    odd = [2 * m + 1 for m in torch.randint(2**61, 2**62, (3,), generator=generator).tolist()]
    total = sum(c * m for c, m in zip(cells, odd, strict=True)) % 2**64
    assert int(fingerprints(x, "OHH")) % 2**64 == total
