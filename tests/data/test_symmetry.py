from itertools import permutations

import pytest
import torch

from pes.data.symmetry import linked, symmetry_groups
from pes.geometry import sorted_distances


def formaldehyde() -> torch.Tensor:
    return torch.tensor(
        [[0.0, 0.1, 0.0], [2.3, 0.0, 0.2], [-1.1, 1.7, 0.0], [-1.0, -1.8, 0.3]],
        dtype=torch.float64,
    )


def turned(positions: torch.Tensor, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    matrix = torch.randn(3, 3, generator=generator, dtype=torch.float64)
    return positions @ torch.linalg.qr(matrix).Q + 0.3


@pytest.mark.parametrize("symbols", [("C", "O", "H", "H"), ("C", "O", "H", "D")])
def test_copies_share_a_group_and_no_other_geometry_does(symbols):
    x = formaldehyde()
    rows = [turned(x, 0), turned(x[[0, 1, 3, 2]], 1), -turned(x, 2), x[[1, 0, 2, 3]], 1.001 * x]
    assert symmetry_groups(torch.stack(rows), symbols).tolist() == [0, 0, 0, 1, 2]


def test_all_permutations_of_four_like_atoms_are_one_group():
    rows = torch.stack([formaldehyde()[list(order)] for order in permutations(range(4))])
    assert symmetry_groups(rows, ("H",) * 4).unique().tolist() == [0]


def test_pairs_of_different_elements_are_not_mixed():
    # O–H of 1 and H–H of 2 against O–H of 2 and H–H of 1: the same numbers, another molecule.
    line = torch.tensor([[[0.0, 0, 0], [1.0, 0, 0], [3.0, 0, 0]]], dtype=torch.float64)
    other = line[:, [1, 0, 2]]
    groups = symmetry_groups(torch.cat((line, other)), ("O", "H", "H"))
    assert groups.tolist() == [0, 1]
    assert sorted_distances(line, ("O", "H", "H")).tolist() == [[1.0, 3.0, 2.0]]


@pytest.mark.parametrize("shift", [0.0, 0.25, 0.5, 0.75])
def test_no_edge_of_a_rounding_cell_parts_two_neighbours(shift):
    # Half a tolerance apart, wherever the pair lies between two multiples of the tolerance.
    tolerance = 1e-6
    first = torch.tensor([[1.0 + shift * tolerance]], dtype=torch.float64)
    labels = linked(torch.cat((first, first + 0.5 * tolerance, first + 3 * tolerance)), tolerance)
    assert labels.tolist() == [0, 0, 1]


def test_the_tolerance_is_a_length():
    x = formaldehyde()
    pair = torch.stack((x, x * (1 + 1e-4)))
    assert symmetry_groups(pair, ("C", "O", "H", "H")).tolist() == [0, 1]
    assert symmetry_groups(pair, ("C", "O", "H", "H"), tolerance=1e-3).tolist() == [0, 0]


def test_one_point_is_one_group():
    assert symmetry_groups(formaldehyde()[None], ("C", "O", "H", "H")).tolist() == [0]
