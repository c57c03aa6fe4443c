import numpy as np
import pytest
import torch
from torch import Tensor

from pes.data.sampling import acceptance, accepted_samples, sobol_sequence

RANGES = ((-1.0, 1.0), (2.0, 5.0))


def bowl(q: Tensor) -> Tensor:
    return q[:, 0] ** 2 + (q[:, 1] - 3.0) ** 2


def samples(count: int, *, energy_max: float = 1.0, seed: int = 7) -> Tensor:
    return accepted_samples(bowl, RANGES, count, energy_max=energy_max, offset=0.1, seed=seed)


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


def test_samples_repeat_and_extend() -> None:
    few, many = samples(100), samples(1500)
    assert few.shape == (100, 2)
    assert torch.equal(few, samples(100))
    assert torch.equal(few, many[:100])
    assert not torch.equal(few, samples(100, seed=8))


def test_samples_stay_within_ranges_and_energy() -> None:
    kept = samples(500)
    assert bowl(kept).max() <= 1.0
    for column, (low, high) in zip(kept.T, RANGES, strict=True):
        assert low <= column.min()
        assert column.max() < high


def test_samples_follow_the_acceptance() -> None:
    # On a disc of V = r² the density in V is flat before acceptance, so the mean of V is
    # ∫V(1.1 − V)dV / ∫(1.1 − V)dV = (0.55 − 1/3) / 0.6 over [0, 1].
    energies = bowl(samples(4000))
    # The independent acceptance draws leave 0.26/√4000 = 0.004 for one standard deviation.
    assert energies.mean().item() == pytest.approx((0.55 - 1 / 3) / 0.6, abs=0.012)


def test_first_sample_is_the_first_accepted_sobol_point() -> None:
    points = sobol_sequence(RANGES, 10, seed=7)
    kept = points[:, -1].numpy() < acceptance(bowl(points), 1.0, 0.1).numpy()
    np.testing.assert_array_equal(samples(1)[0], points[kept][0, :-1])


def test_too_few_below_the_energy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pes.data.sampling._LARGEST_EXPONENT", 11)
    with pytest.raises(ValueError, match=r"only 0 of 2048 samples .* 10 were asked for; narrow"):
        samples(10, energy_max=-1e-3)


@pytest.mark.parametrize("count", [0, -1])
def test_bad_count(count: int) -> None:
    with pytest.raises(ValueError, match=f"`count` must be at least 1, got {count}"):
        samples(count)


def test_empty_range() -> None:
    with pytest.raises(ValueError, match="low < high"):
        accepted_samples(bowl, ((0.0, 1.0), (2.0, 2.0)), 1, energy_max=1.0, offset=0.1, seed=0)
