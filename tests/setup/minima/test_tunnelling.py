"""Tunnelling splittings of a quartic double well, and the way across a barrier."""

import math

import pytest
import torch

from pes.setup.minima.tunnelling import largest_splitting, way_across


def test_splitting_of_a_double_well() -> None:
    """V = x⁴ − 2 g x² of ½p² + V: with g = 3.5 E₀ and E₁ by an independent basis of oscillators."""
    n = 120
    x = torch.diag((torch.arange(1, n, dtype=torch.float64) / 2).sqrt(), 1)
    x = x + x.T
    oscillator = torch.diag(torch.arange(n, dtype=torch.float64) + 0.5)
    g = 3.5
    h = oscillator - x @ x / 2 + torch.linalg.matrix_power(x, 4) - 2 * g * x @ x
    energies = torch.linalg.eigvalsh(h[: n - 10, : n - 10])
    # V = g² ((x²/g − 1)² − 1): minima at √g, a barrier of g².
    split = largest_splitting(g**2, math.sqrt(g), 0.0)
    assert split == pytest.approx(float(energies[1] - energies[0]), rel=1e-6)


def test_splittings_grow_up_to_the_barrier_and_fall_with_it() -> None:
    low, high = (largest_splitting(12.25, 1.87, e) for e in (0.0, 6.0))
    assert low < high < math.inf
    assert largest_splitting(12.25, 1.87, 12.0) == math.inf
    assert largest_splitting(20.0, 1.87, 0.0) < low


def test_the_way_across_knows_nothing_of_turns() -> None:
    x = torch.tensor([[0.0, 0, 0], [1.8, 0, 0], [0.0, 1.7, 0.4], [0.3, -0.2, 1.5]]).double()
    masses = torch.tensor([1000.0, 2000.0, 3000.0, 500.0]).double()
    quarter = torch.tensor([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]]).double()
    assert way_across(x, x @ quarter + 3.0, masses) == pytest.approx(0.0, abs=1e-6)
    moved = x.clone()
    moved[3, 2] += 0.1
    # Part of the step is a shift and a turn of the whole.
    assert 0 < way_across(x, moved, masses) < 0.1 * math.sqrt(500.0)
