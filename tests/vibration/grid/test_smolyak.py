"""Sparse grids against exact integrals and against sums of product grids."""

from itertools import product
from math import gamma, prod

import pytest
import torch
from torch import Tensor

from pes.vibration.grid.genz_keister import ADDED, RULE_LEVELS, genz_keister
from pes.vibration.grid.smolyak import Smolyak, point_count, smolyak

GRIDS = {"plain": (4, (1.0, 1.0, 1.0)), "weighted": (8, (1.0, 1.5, 2.3)), "finest": (16, (1.0, 2))}
every_grid = pytest.mark.parametrize(("level", "weights"), GRIDS.values(), ids=GRIDS)


def points(grid: Smolyak) -> Tensor:
    return genz_keister().points[grid.numbers.long()]


@every_grid
def test_weights_are_the_sum_of_smolyak(level: float, weights: tuple[float, ...]) -> None:
    """Σ Δ ⊗ … ⊗ Δ over all rules of each coordinate, written out on the whole product grid."""
    table = genz_keister().weights
    differences = torch.diff(table, dim=0, prepend=torch.zeros_like(table[:1]))
    total = torch.zeros((35,) * len(weights), dtype=torch.float64)
    for rules in product(range(len(ADDED)), repeat=len(weights)):
        if sum(w * RULE_LEVELS[r] for w, r in zip(weights, rules, strict=True)) <= level:
            term = torch.ones((), dtype=torch.float64)
            for r in rules:
                term = term[..., None] * differences[r]
            total += term
    grid = smolyak(level, weights)
    at = tuple(grid.numbers.long().T)
    torch.testing.assert_close(grid.weights, total[at], rtol=1e-12, atol=1e-18)
    total[at] = 0
    assert total.abs().max() < 1e-18


@every_grid
def test_monomials_that_products_of_functions_hold(
    level: float, weights: tuple[float, ...]
) -> None:
    """x^d is integrated exactly if Σ w ⌊d/2⌋ ≤ L."""
    grid = smolyak(level, weights)
    x = points(grid)
    for halves in product(range(int(level) + 1), repeat=len(weights)):
        if sum(w * h for w, h in zip(weights, halves, strict=True)) > level:
            continue
        powers = torch.tensor([2 * h for h in halves])
        value = float(grid.weights @ (x**powers).prod(1))
        exact = prod(gamma(h + 0.5) for h in halves)
        # Terms of both signs, each as large as the largest value: some digits cancel.
        assert value == pytest.approx(exact, rel=1e-10)


@every_grid
def test_count_without_making_it(level: float, weights: tuple[float, ...]) -> None:
    assert point_count(level, weights) == len(smolyak(level, weights).weights)


def test_sizes_of_the_literature() -> None:
    """27,357 points of six coordinates, 335,971 of nine."""
    assert [point_count(8, (1,) * q) for q in (6, 9)] == [27_357, 335_971]


@every_grid
def test_places(level: float, weights: tuple[float, ...]) -> None:
    grid = smolyak(level, weights)
    smaller = smolyak(level - 1, weights)
    at = grid.places(smaller.numbers)
    assert torch.equal(grid.numbers[at], smaller.numbers)
    beyond = smaller.places(grid.numbers)
    assert int((beyond >= 0).sum()) == len(smaller.weights)
