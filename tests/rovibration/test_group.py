"""Molecular symmetry groups against their tables and the spin statistics of known molecules."""

import pytest
import torch
from tops import SHAPES, group_of, pyramid

from pes.rovibration.group import MolecularGroup
from pes.rovibration.nuclear_spin import permuted, spin_weights


@pytest.fixture(params=SHAPES)
def group(request: pytest.FixtureRequest) -> MolecularGroup:
    nuclei, x = SHAPES[request.param]
    found = group_of(x, nuclei)
    assert found is not None
    assert found.name == request.param
    return found


def test_characters_are_orthogonal(group: MolecularGroup) -> None:
    overlaps = group.characters @ group.characters.T / len(group.starred)
    torch.testing.assert_close(overlaps, torch.eye(len(overlaps)).double(), rtol=0, atol=1e-12)
    assert int(group.dimensions.square().sum()) == len(group.starred)


def test_equivalent_rotations_multiply_as_the_elements_do(group: MolecularGroup) -> None:
    products = group.turns[:, None] @ group.turns
    torch.testing.assert_close(products, group.turns[group.products], rtol=0, atol=1e-7)
    torch.testing.assert_close(torch.linalg.det(group.turns), torch.ones(len(products)).double())


def test_a_distorted_reference_becomes_symmetric() -> None:
    nuclei, x = SHAPES["Td"]
    generator = torch.Generator().manual_seed(5)
    bent = x + 1e-4 * torch.randn(5, 3, dtype=torch.float64, generator=generator)
    group = group_of(bent, nuclei)
    assert group is not None
    mean = group.symmetrised(bent)
    bonds = (mean[1:] - mean[0]).norm(dim=1)
    # What is left is of second order in the distortion.
    torch.testing.assert_close(bonds, bonds.mean().expand(4), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "nuclei", "expected"),
    [
        ("D3h", None, {"A1'": 0, "A2'": 12, "E'": 6, 'A1"': 0, 'A2"': 12, 'E"': 6}),
        ("D3h", ("14N", "2H", "2H", "2H"), {"A1'": 30, "A2'": 3, "E'": 24}),
        ("C3v", None, {"A1": 8, "A2": 8, "E": 8}),
        ("Td", None, {"A1": 5, "A2": 5, "E": 2, "F1": 3, "F2": 3}),
        ("Td", ("12C", "2H", "2H", "2H", "2H"), {"A1": 15, "A2": 15, "E": 12, "F1": 18, "F2": 18}),
    ],
)
def test_spin_weights(shape: str, nuclei: tuple[str, ...] | None, expected: dict[str, int]) -> None:
    """Bunker and Jensen, chapter 8, and the line lists of NH3, ND3, PH3, CH4 and CD4."""
    nuclei = nuclei or SHAPES[shape][0]
    group = group_of(SHAPES[shape][1], nuclei)
    assert group is not None
    weights = spin_weights(nuclei, group.operations, group.characters[:, 1:], group.dimensions)
    known = dict(zip(group.species, weights.round().int().tolist(), strict=True))
    assert {name: known[name] for name in expected} == expected
    assert permuted(nuclei, group.operations)


def test_molecules_without_such_a_group() -> None:
    assert group_of(pyramid(0.7), ("31P", "1H", "1H", "2H")) is None
    assert group_of(torch.cat((pyramid(0.7)[:3], torch.ones(1, 3))), SHAPES["C3v"][0]) is None
    water = torch.tensor([[0.0, 0, 0], [1.8, 0, 0], [-0.4, 1.7, 0]], dtype=torch.float64)
    assert group_of(water, ("16O", "1H", "1H")) is None
