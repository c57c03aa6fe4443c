import pytest
import torch

from pes.data.audit import audit, label_step
from pes.data.dataset import Dataset
from pes.units import CM1, EV


def water(points: int = 200) -> Dataset:
    generator = torch.Generator().manual_seed(4)
    x = torch.tensor([[0.0, 0.0, 0.0], [1.8, 0.0, 0.0], [-0.5, 1.7, 0.0]], dtype=torch.float64)
    lengths, shifts = torch.rand(2, points, 3, 3, generator=generator, dtype=torch.float64)
    shifts = (0.4 * shifts - 0.2) * lengths[:, :1, :1]
    shifts[0] = 0
    return Dataset(("O", "H", "H"), x + shifts, shifts.square().sum((1, 2)) - 76, -2 * shifts)


def changed(data: Dataset, **changes: torch.Tensor | None) -> Dataset:
    known = {name: getattr(data, name) for name in ("positions", "energies", "forces")}
    return Dataset(data.symbols, **(known | changes))


def test_sound_data_give_their_range_and_nothing_else():
    data = water()
    (line,) = audit(data)
    span = float((data.energies.max() - data.energies.min()) / CM1)
    assert line == f"200 points of O H H, energies over {span:.1f} cm-1"


def test_a_repeated_geometry_is_named_by_its_rows():
    data = water()
    _, line = audit(data.select([*range(200), 7, 7]))
    assert line == "rows 7, 200, 201 hold the same geometry"


def test_a_symmetry_copy_is_told_from_a_repetition():
    data = water()
    positions = data.positions.clone()
    positions[30] = -positions[12][[0, 2, 1]]
    energies = data.energies.clone()
    energies[30] = energies[12]
    _, line = audit(changed(data, positions=positions, energies=energies))
    assert line == "rows 12, 30 are symmetry copies of one another"


def test_one_geometry_with_two_energies_is_found():
    data = water()
    positions = data.positions.clone()
    positions[30] = positions[12]
    energies = data.energies.clone()
    energies[30] = energies[12] + 100 * CM1
    findings = audit(changed(data, positions=positions, energies=energies))
    assert "rows 12, 30 are one geometry, but their energies differ by 100 cm-1" in findings


def test_long_lists_of_rows_are_cut():
    _, line = audit(water().select([*range(200), *[7] * 9]))
    assert line == "rows 7, 200, 201, 202, 203, 204, ... (10 in all) hold the same geometry"


@pytest.mark.parametrize(
    ("unit", "step"), [(1.0, 1e-5), (EV, 1e-4), (CM1, 1.0), (CM1, 0.01), (1.0, 2.0**-17)]
)
def test_rounded_labels_are_found(unit, step):
    energies = (water().energies / unit / step).round() * step * unit
    assert label_step(energies) == pytest.approx(step * unit, rel=1e-12)


def test_single_precision_is_found():
    # Between 64 and 128, single precision has steps of 2^-17.
    data = water()
    energies = data.energies.float().double()
    findings = audit(changed(data, energies=energies))
    assert any("rounded to steps of 1.67 cm-1" in line for line in findings)


@pytest.mark.parametrize("digits", [9, 11])
def test_fine_digits_are_no_finding(digits):
    assert label_step(water().energies.round(decimals=digits)) is None


def test_few_or_equal_labels_say_nothing():
    assert label_step(torch.tensor([-1.0, -1.5, -2.0], dtype=torch.float64)) is None
    assert label_step(torch.full((9,), -76.0, dtype=torch.float64)) is None


def test_a_well_without_points_is_found():
    data = water()
    span = data.energies.max() - data.energies.min()
    high = data.energies > data.energies.min() + 0.5 * span
    high[0] = True
    findings = audit(data.select(high))
    assert any("only 1 points lie in the lowest tenth" in line for line in findings)


def test_a_missing_minimum_is_found():
    data = water()
    findings = audit(data.select(data.energies > data.energies.min() + 0.01))
    assert any("the minimum is not in the set" in line for line in findings)
    assert audit(changed(data, forces=None)) == audit(data)
