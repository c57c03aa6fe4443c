"""Points far from all others, whatever the order of like atoms."""

import torch
from made_up import CLEAN, ammonia

from pes.data import Dataset
from pes.data.isolation import isolated_rows


def moved(data: Dataset, row: int) -> Dataset:
    x = data.positions.clone()
    x[row, -1] = 3 * (x[row, -1] - x[row, 0]) + x[row, 0]
    return Dataset(data.symbols, x, data.energies)


def test_clean_sets_have_none() -> None:
    for name in CLEAN:
        assert isolated_rows(CLEAN[name]()).tolist() == [], name


def test_a_point_with_an_atom_far_away_is_isolated_in_every_order_of_like_atoms() -> None:
    data = moved(ammonia(), 17)
    assert isolated_rows(data).tolist() == [17]
    x = data.positions.clone()
    x[::2] = x[::2][:, [0, 2, 3, 1]]
    assert isolated_rows(Dataset(data.symbols, x, data.energies)).tolist() == [17]


def test_few_points_far_above_all_others() -> None:
    x = torch.zeros(1200, 2, 3, dtype=torch.float64)
    x[:, 1, 0] = torch.linspace(1, 4, 1200, dtype=torch.float64)
    energies = torch.linspace(0, 1, 1200, dtype=torch.float64)
    energies[[3, 5]] = torch.tensor([1.6, 1.61], dtype=torch.float64)
    assert isolated_rows(Dataset(("H", "H"), x, energies)).tolist() == [3, 5]
    assert isolated_rows(Dataset(("H", "H"), x, energies.clamp(max=1.4))).tolist() == []


def test_few_points_are_not_judged() -> None:
    some = moved(ammonia(), 17).select(range(150))
    assert isolated_rows(some).tolist() == []
