"""The noise floor of labels that are known to be rounded."""

import pytest
import torch

from pes.data import Dataset
from pes.data.noise import noise_floor
from pes.units import CM1


def dataset(step: float) -> Dataset:
    generator = torch.Generator().manual_seed(0)
    x = torch.zeros(200, 2, 3, dtype=torch.float64)
    x[:, 1, 0] = 1 + torch.rand(200, generator=generator, dtype=torch.float64)
    labels = torch.rand(200, generator=generator, dtype=torch.float64)
    return Dataset(("H", "H"), x, (labels / step).round() * step if step else labels)


def test_rounded_labels() -> None:
    """1e-5 hartree are 2.19 cm⁻¹; equally likely errors within one have 1/√12 of it as RMS."""
    assert noise_floor(dataset(1e-5)) / CM1 == pytest.approx(2.1947 / 12**0.5, rel=1e-4)


def test_full_digits_have_no_floor() -> None:
    assert noise_floor(dataset(0.0)) == 0.0
