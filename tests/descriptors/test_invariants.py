"""Invariants against the theory of invariants: how many there are, and what they do."""

from itertools import permutations
from math import comb

import numpy as np
import pytest
import torch

from pes.descriptors.invariants import Invariants, invariant_levels, pair_permutations

FORMULAS = {
    "H2": 6, "OHH": 8, "HHH": 8, "OCS": 5, "COHH": 6, "NHHH": 6, "HHHH": 6,
    "CHHHH": 6, "OHHOO": 4, "COHHHH": 4, "OOHHHH": 4, "HHHHHH": 4,
}  # fmt: skip


def atoms(formula: str) -> tuple[str, ...]:
    return ("H", "H") if formula == "H2" else tuple(formula)


def geometries(atoms: int, count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return 2 * torch.randn(count, atoms, 3, generator=generator, dtype=torch.float64)


def molien(group: np.ndarray, degree: int) -> list[int]:
    """Invariants of each degree 0..degree: the mean over g of Π_cycles 1/(1 − t^length)."""
    total = np.zeros(degree + 1)
    for g in group:
        series = np.eye(degree + 1)[0]
        for length in cycle_lengths(g):
            for k in range(length, degree + 1):
                series[k] += series[k - length]
        total += series
    return (total / len(group)).round().astype(int).tolist()


def cycle_lengths(g: np.ndarray) -> list[int]:
    lengths, seen = [], set()
    for start in range(len(g)):
        length, k = 0, start
        while k not in seen:
            seen.add(k)
            k, length = int(g[k]), length + 1
        lengths += [length] if length else []
    return lengths


@pytest.mark.parametrize(("formula", "degree"), FORMULAS.items())
def test_counts_are_those_of_the_molien_series(formula: str, degree: int) -> None:
    group = pair_permutations(atoms(formula))
    sizes = [level.size for level in invariant_levels(group, degree)]
    assert sizes == molien(group, degree)[1:]


def test_published_counts() -> None:
    """495 for A4B at degree 6, the constant included (Braams and Bowman's tables)."""
    assert Invariants(("C", "H", "H", "H", "H"), 6).size == 494
    assert Invariants(("O", "C", "S"), 7).size == comb(3 + 7, 7) - 1


@pytest.mark.parametrize("formula", ["OHH", "HHH", "COHH", "CHHHH", "OHOHH", "OHOHOH"])
def test_every_permutation_of_like_atoms(formula: str) -> None:
    elements = atoms(formula)
    invariants = Invariants(elements, 3)
    x = geometries(len(elements), 2)
    features, alike = invariants(x), 0
    for g in permutations(range(len(elements))):
        if all(elements[k] == elements[g[k]] for k in g):
            torch.testing.assert_close(invariants(x[:, list(g)]), features)
            alike += 1
    assert alike > 1


def test_unlike_atoms_are_told_apart() -> None:
    invariants, x = Invariants(("O", "H", "H"), 2), geometries(3, 1)
    assert not torch.allclose(invariants(x[:, [1, 0, 2]]), invariants(x), rtol=1e-3)


def test_the_invariants_of_water_up_to_degree_two() -> None:
    x = geometries(3, 1)
    a, b = (torch.exp(-(x[0, 0] - x[0, k]).norm() / 2) for k in (1, 2))
    c = torch.exp(-(x[0, 1] - x[0, 2]).norm() / 2)
    by_hand = torch.stack((a + b, c, a * a + b * b, a * b, (a + b) * c, c * c))
    torch.testing.assert_close(
        Invariants(("O", "H", "H"), 2)(x)[0].sort().values, by_hand.sort().values
    )


def test_linearly_independent() -> None:
    features = Invariants(("N", "H", "H", "H"), 3)(geometries(4, 200))
    assert torch.linalg.matrix_rank(features / features.norm(dim=0)) == features.shape[1]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_bonds_and_angle_of_a_triatomic(order: tuple[int, ...]) -> None:
    x = geometries(3, 20)  # O, H, H before the atoms change places
    first, second = x[:, 1] - x[:, 0], x[:, 2] - x[:, 0]
    r1, r2 = first.norm(dim=1), second.norm(dim=1)
    y1, y2, cosine = (-r1 / 2).exp(), (-r2 / 2).exp(), (first * second).sum(1) / (r1 * r2)
    expected = torch.stack((y1 + y2, cosine), 1)
    descriptor = Invariants([("O", "H", "H")[k] for k in order], 1, variable="cosine", length=2.0)
    features = descriptor(x[:, list(order)])
    # The order of the two features is that of the pairs.
    best = min((features - expected).abs().max(), (features.flip(1) - expected).abs().max())
    assert best < 1e-12


@pytest.mark.parametrize(
    ("elements", "degree", "options", "message"),
    [
        (("H",), 2, {}, "2 to 6 atoms, got 1"),
        (("H",) * 7, 2, {}, "2 to 6 atoms, got 7"),
        (("O", "H", "H"), 0, {}, "`degree` must be at least 1, got 0"),
        (("H",) * 6, 12, {}, "choose a lower `degree`"),
        (("O", "H", "H"), 2, {"variable": "gauss"}, "inverse.*morse.*got 'gauss'"),
        (("C", "H", "H", "H"), 2, {"variable": "cosine"}, "one atom with two like ones"),
        (("H", "H", "H"), 2, {"variable": "cosine"}, "one atom with two like ones, got H H H"),
    ],
)
def test_refused(elements: tuple, degree: int, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Invariants(elements, degree, **options)
