"""Estimates of what a partition function lacks, against sums that are complete."""

from itertools import product

import pytest
import torch

from pes.rovibration.partition import (
    SECOND,
    above_highest_j,
    above_highest_level,
    partition_function,
)

T = torch.tensor([296.0, 1000.0], dtype=torch.float64)


def asymmetric(j: int) -> torch.Tensor:
    """Part of Q of one J of a nearly prolate top, A = 27, (B + C)/2 = 12 cm⁻¹, as of water."""
    k = torch.arange(-j, j + 1, dtype=torch.float64)
    energies = 12.0 * j * (j + 1) + (27.0 - 12.0) * k**2
    return partition_function(energies, (2 * j + 1) * torch.ones_like(k), T)


def test_levels_of_higher_j() -> None:
    # K runs over 2J + 1 values, whose mean falls with J too: an estimate, not a sum.
    missing = above_highest_j({j: asymmetric(j) for j in range(13)})
    rest = torch.stack([asymmetric(j) for j in range(13, 90)]).sum(0)
    assert missing.tolist() == pytest.approx(rest.tolist(), rel=0.3)


def test_no_estimate_without_all_j() -> None:
    shares = {j: asymmetric(j) for j in (0, 2, 4, 6)}
    assert bool(above_highest_j(shares).isnan().all())
    assert bool(above_highest_j({j: asymmetric(j) for j in (0, 1, 2)}).isnan().all())


def test_higher_vibrational_levels() -> None:
    """Three oscillators of 1600, 3700 and 3800 cm⁻¹."""
    omegas = torch.tensor([1600.0, 3700.0, 3800.0], dtype=torch.float64)
    quanta = torch.tensor(list(product(range(20), range(9), range(9))), dtype=torch.float64)
    energies = (quanta @ omegas).sort().values
    known = energies[energies < 8000]
    hot = torch.tensor([2000.0, 3000.0], dtype=torch.float64)
    whole, part = (partition_function(e, torch.ones_like(e), hot) for e in (energies, known))
    missing = above_highest_level(known, float(omegas.sum()) / 2, 3, hot)
    # A smooth density in place of a few levels.
    assert missing.tolist() == pytest.approx((whole / part - 1).tolist(), rel=0.35)
    assert float(SECOND) == pytest.approx(1.438776877, rel=1e-9)
