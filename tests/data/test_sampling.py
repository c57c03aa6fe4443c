import pytest
import torch
from torch import Tensor

from pes.data.sampling import acceptance, sobol_sequence

RANGES = ((-1.0, 1.0), (2.0, 5.0))


def bowl(q: Tensor) -> Tensor:
    return q[:, 0] ** 2 + (q[:, 1] - 3.0) ** 2


def samples(exponent: int) -> Tensor:
    points = sobol_sequence(RANGES, exponent, seed=7)
    return points[points[:, -1] < acceptance(bowl(points), 1.0, 0.1), :-1]


def test_sobol_points_fill_the_ranges() -> None:
    points = sobol_sequence(RANGES, 10, seed=1)
    assert points.shape == (1024, 3)
    assert points.dtype == torch.float64
    low, high = torch.tensor(((-1.0, 2.0, 0.0), (1.0, 5.0, 1.0)), dtype=torch.float64)
    unit = (points - low) / (high - low)
    # What makes a scrambled Sobol sequence even: one point in each 1024th of every axis.
    for column in unit.T:
        assert sorted((column * 1024).floor().int().tolist()) == list(range(1024))


def test_sobol_points_depend_on_the_seed_only() -> None:
    assert torch.equal(sobol_sequence(RANGES, 5, seed=1), sobol_sequence(RANGES, 5, seed=1))
    assert not torch.equal(sobol_sequence(RANGES, 5, seed=1), sobol_sequence(RANGES, 5, seed=2))


def test_a_longer_sobol_sequence_continues_a_shorter_one() -> None:
    assert torch.equal(sobol_sequence(RANGES, 8, seed=1)[:32], sobol_sequence(RANGES, 5, seed=1))


def test_acceptance_formula() -> None:
    # (E_max − V + Δ) / (E_max + Δ) with E_max = 4, Δ = 1, by hand.
    energies = torch.tensor([0.0, 1.0, 2.5, 4.0, 4.0001, -3.0], dtype=torch.float64)
    expected = torch.tensor([1.0, 0.8, 0.5, 0.2, 0.0, 1.0], dtype=torch.float64)
    torch.testing.assert_close(acceptance(energies, 4.0, 1.0), expected, rtol=1e-15, atol=0)


def test_an_energy_that_is_no_number_is_never_kept() -> None:
    probability = acceptance(torch.tensor([torch.nan, torch.inf]), 4.0, 1.0)
    assert not (torch.zeros(2) < probability).any()


def test_samples_follow_the_acceptance() -> None:
    # On a disc of V = r² the density in V is flat before acceptance, so the mean of V is
    # ∫V(1.1 − V)dV / ∫(1.1 − V)dV = (0.55 − 1/3) / 0.6 over [0, 1].
    energies = bowl(samples(14))
    # The independent acceptance draws leave 0.26/√4000 = 0.004 for one standard deviation.
    assert energies.mean().item() == pytest.approx((0.55 - 1 / 3) / 0.6, abs=0.012)
