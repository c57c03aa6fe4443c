import math

import pytest
import torch

from pes.data import Dataset
from pes.training.weights import WEIGHTS, boltzmann, column, partridge_schwenke, ratio
from pes.units import CM1

ENERGIES = torch.tensor([0.0, 10000.0, 20000.0, 60000.0], dtype=torch.float64) * CM1


@pytest.mark.parametrize("name", WEIGHTS)
def test_one_at_the_minimum_and_never_rising(name: str) -> None:
    weights = WEIGHTS[name](ENERGIES)
    assert weights.dtype == torch.float64
    # The switch of Partridge and Schwenke reaches one only to 1e-3 · e^(−2·15).
    assert weights[0].item() == pytest.approx(1, abs=1e-9)
    assert (weights > 0).all()
    assert (weights.diff() <= 0).all()


def test_formulas() -> None:
    assert boltzmann(ENERGIES, energy=10000 * CM1)[1].item() == pytest.approx(math.exp(-1))
    assert ratio(ENERGIES, offset=10000 * CM1)[2].item() == pytest.approx(1 / 3)


def test_switch_of_partridge_and_schwenke() -> None:
    weights = partridge_schwenke(ENERGIES, top=20000 * CM1, width=1000 * CM1)
    assert weights[2].item() == pytest.approx(1.002002002 / 2.002002002)
    # Far above the switch one thousandth of the weight is left.
    assert weights[3].item() == pytest.approx(0.001, rel=1e-3)


def test_floor_divides_by_the_energy_above_it() -> None:
    options = {"top": 20000 * CM1, "width": 1000 * CM1}
    plain = partridge_schwenke(ENERGIES, **options)
    divided = partridge_schwenke(ENERGIES, **options, floor=10000 * CM1)
    torch.testing.assert_close(divided, plain * torch.tensor([1, 1, 1 / 2, 1 / 6]).double())


def of(weights: list[float]) -> Dataset:
    x = torch.zeros(3, 2, 3, dtype=torch.float64)
    x[:, 1, 0] = 1.4
    column = torch.tensor(weights, dtype=torch.float64)
    return Dataset(("H", "H"), x, x[:, 0, 0], columns={"w": column, "two": x[:, 0, :2]})


def test_weights_of_a_column() -> None:
    assert column(of([1.0, 0.0, 3.0]), "w").tolist() == [1.0, 0.0, 3.0]


@pytest.mark.parametrize(
    ("weights", "name", "message"),
    [
        ([1, -1, 1], "w", "column `w`, row 1: must be finite and not negative, got -1.0; 1 of 3"),
        ([1, 1, math.nan], "w", "row 2: must be finite and not negative, got nan"),
        ([0, 0, 0], "w", "all weights of column `w` are zero"),
        ([1, 1, 1], "v", "column `v` of weights does not exist; the columns are: two, w"),
        ([1, 1, 1], "two", "one number per point"),
    ],
)
def test_wrong_weights(weights: list[float], name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        column(of(weights), name)
