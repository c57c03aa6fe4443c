"""Nested rules against moments of exp(−x²), and against Gauss and Hermite."""

from math import gamma

import numpy as np
import pytest
import torch

from pes.vibration.grid.genz_keister import ADDED, EXACT, RULE_LEVELS, genz_keister

RULES = range(len(ADDED))


@pytest.mark.parametrize("number", RULES)
def test_exact_to_its_degree_and_no_further(number: int) -> None:
    rule, degree = genz_keister(), EXACT[number]
    errors = [
        float(rule.weights[number] @ rule.points**d) / gamma((d + 1) / 2) - 1
        for d in range(0, degree + 2, 2)
    ]
    # Rounding of some ten digits in the largest power; what is not exact is off by 6e-8 or more.
    assert max(map(abs, errors[:-1])) < 1e-13
    assert abs(errors[-1]) > 1e-8


@pytest.mark.parametrize("number", RULES)
def test_symmetric_and_nested(number: int) -> None:
    rule, size = genz_keister(), sum(ADDED[: number + 1])
    points, weights = rule.points[:size], rule.weights[number]
    assert torch.equal(points.sort().values, -points.sort().values.flip(0))
    assert torch.equal(weights[1:size:2], weights[2:size:2])
    assert not weights[size:].any()
    assert len(points.unique()) == size


def test_three_points_are_those_of_gauss() -> None:
    points, weights = np.polynomial.hermite.hermgauss(3)
    rule = genz_keister()
    order = rule.points[:3].argsort()
    np.testing.assert_allclose(rule.points[:3][order], points, rtol=1e-15, atol=1e-16)
    np.testing.assert_allclose(rule.weights[1, :3][order], weights, rtol=1e-14)


@pytest.mark.parametrize("level", range(26))
def test_a_level_takes_the_smallest_rule_that_is_exact_enough(level: int) -> None:
    number = max(n for n in RULES if RULE_LEVELS[n] <= level)
    assert EXACT[number] >= 2 * level + 1
    assert number == 0 or EXACT[number - 1] < 2 * level + 1
