import pytest
import torch

from pes.training.calibration import calibration


def test_normal_errors_are_calibrated() -> None:
    draw = torch.randn(20000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    spread = torch.linspace(0.1, 9, 20000, dtype=torch.float64)
    found = calibration(draw * spread, spread, torch.zeros_like(spread))["all"]
    # erf(1/√2) and erf(2/√2); 20,000 draws leave 0.0033 for one standard deviation.
    assert found["within_1"] == pytest.approx(0.6827, abs=0.012)
    assert found["within_2"] == pytest.approx(0.9545, abs=0.006)


def test_windows_count_up_to_their_end_and_empty_ones_are_absent() -> None:
    heights = torch.tensor([7000.0, 12000.0])
    found = calibration(torch.tensor([2.0, 9.0]), torch.tensor([1.0, 2.0]), heights)
    assert set(found) == {"all", "10000", "15000", "25000"}
    assert found["10000"] == {"points": 1, "spread": 1.0, "within_1": 0.0, "within_2": 1.0}
