"""The noise floor of labels that are known to be rounded."""

import pytest
import torch

from pes.data import Dataset
from pes.data.noise import label_step, noise_floor
from pes.units import CM1, EV


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


def energies() -> torch.Tensor:
    """Labels with all digits, from −76 hartree to 0.1 above."""
    generator = torch.Generator().manual_seed(4)
    return 0.1 * torch.rand(200, generator=generator, dtype=torch.float64) - 76


@pytest.mark.parametrize(
    ("unit", "step"), [(1.0, 1e-5), (EV, 1e-4), (CM1, 1.0), (CM1, 0.01), (1.0, 2.0**-17)]
)
@pytest.mark.parametrize("exact", [0, 1, 10])
def test_a_step_is_seen_though_some_labels_are_exact(unit: float, step: float, exact: int) -> None:
    labels = (energies() / unit / step).round() * step * unit
    labels[:exact] = energies()[:exact]
    assert label_step(labels) == pytest.approx(step * unit, rel=1e-12)


@pytest.mark.parametrize("digits", [9, 11])
def test_fine_digits_are_no_finding(digits: int) -> None:
    assert label_step(energies().round(decimals=digits)) is None


def test_few_or_equal_labels_say_nothing() -> None:
    assert label_step(torch.tensor([-1.0, -1.5, -2.0], dtype=torch.float64)) is None
    assert label_step(torch.full((9,), -76.0, dtype=torch.float64)) is None
