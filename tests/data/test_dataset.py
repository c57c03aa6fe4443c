import dataclasses
import math
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from other_device import OTHER, OtherDevice

from pes.data.dataset import Dataset

WATER = torch.tensor([[0.0, 0.0, 0.0], [1.8, 0.0, 0.0], [-0.5, 1.7, 0.0]], dtype=torch.float64)


def dataset(points: int = 4, **changes: Any) -> Dataset:
    scales = 1 + 0.05 * torch.arange(points, dtype=torch.float64)
    known: dict[str, Any] = {
        "symbols": ("O", "H", "D"),
        "positions": scales[:, None, None] * WATER,
        "energies": -76 + 0.01 * scales,
        "forces": 0.1 * scales[:, None, None] * WATER,
        "dipoles": scales[:, None] * WATER[1],
        "columns": {"t1": 0.01 * scales},
        "column_units": {"t1": "1"},
        "provenance": {"method": "none"},
    }
    return Dataset(**(known | changes))


def test_a_dataset_keeps_what_it_is_given():
    given = dataset()
    assert len(given) == 4
    assert given.symbols == ("O", "H", "D")
    assert given.columns["t1"].tolist() == pytest.approx([0.01, 0.0105, 0.011, 0.0115])
    assert Dataset(("O", "H", "H"), WATER[None], WATER[:1, 0]).forces is None


def test_a_column_without_a_unit_is_a_plain_number():
    assert dataset(column_units={}).column_units == {"t1": "1"}


def test_a_dataset_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        dataset().symbols = ()  # type: ignore[misc]


@pytest.mark.parametrize(
    "rows", [[2, 0], torch.tensor([2, 0]), torch.tensor([True, False, True, False]), slice(1, 3)]
)
def test_selected_rows_are_the_rows_everywhere(rows):
    given = dataset()
    index = torch.arange(4)[rows]
    chosen = given.select(rows)
    assert torch.equal(chosen.energies, given.energies[index])
    for name in ("positions", "forces", "dipoles"):
        assert torch.equal(getattr(chosen, name), getattr(given, name)[index])
    assert torch.equal(chosen.columns["t1"], given.columns["t1"][index])
    assert chosen.provenance == given.provenance


def test_all_tensors_move_to_a_device():
    given = dataset()
    with OtherDevice():
        moved = given.to(OTHER)
        tensors = [moved.positions, moved.energies, moved.forces, moved.dipoles]
        tensors += moved.columns.values()
        assert {tensor.device for tensor in tensors if tensor is not None} == {OTHER}
        back = moved.to(torch.device("cpu"))
    assert back.sha256 == given.sha256
    assert torch.equal(back.columns["t1"], given.columns["t1"])


def test_no_rows_are_no_dataset():
    with pytest.raises(ValueError, match="at least one point"):
        dataset().select([])
    with pytest.raises(IndexError):
        dataset().select([4])


def test_the_hash_follows_the_data_and_nothing_else():
    given = dataset()
    assert given.sha256 == dataset(provenance={}, columns={}, column_units={}).sha256
    assert given.sha256 != dataset(symbols=("O", "H", "H")).sha256
    assert given.sha256 != dataset(forces=None).sha256
    assert given.forces is not None
    assert given.sha256 != dataset(forces=-given.forces).sha256
    for name in ("positions", "energies"):
        changed = getattr(given, name).clone()
        changed.view(-1)[-1] += 1e-15 if name == "positions" else 1.5e-14
        assert given.sha256 != dataset(**{name: changed}).sha256


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"symbols": ("O", "H", "Q")}, "'Q' is not a known isotope"),
        ({"symbols": ("O", "H")}, r"positions must have shape \(4, 2, 3\)"),
        ({"positions": WATER}, r"positions must have shape \(4, 3, 3\).*got \(3, 3\)"),
        ({"energies": torch.zeros(4, 1).double()}, r"energies must have shape \(4,\)"),
        ({"energies": torch.zeros(0).double()}, "at least one point"),
        ({"energies": torch.zeros(4)}, "energies must be float64, got float32: single precision"),
        ({"energies": np.zeros(4, np.float32)}, "energies must be float64, got float32: single"),
        ({"energies": np.zeros(4, int)}, "energies must be float64, got int64$"),
        ({"forces": np.zeros((4, 3))}, r"forces must have shape \(4, 3, 3\) .* got \(4, 3\)"),
        ({"forces": torch.zeros(4, 3).double()}, r"forces must have shape \(4, 3, 3\)"),
        ({"dipoles": torch.zeros(3, 3).double()}, r"dipoles must have shape \(4, 3\)"),
        ({"columns": {"t1": torch.zeros(3).double()}}, r"columns/t1 must have shape \(4,\)"),
        ({"columns": {"t1": torch.tensor(0.0).double()}}, r"columns/t1 must have shape \(4,\)"),
        ({"column_units": {"t2": "1"}}, "names columns that do not exist: t2"),
        ({"positions": torch.zeros(4, 3, 3).double()}, "row 0: atoms 0 and 1 are 0 angstrom apart"),
    ],
)
def test_a_wrong_argument_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        dataset(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"positions": WATER.expand(4, 3, 3).tolist()}, "positions must be .* array, got list"),
        ({"columns": {"t1": [0.1] * 4}}, "columns/t1 must be .* array, got list"),
        ({"energies": np.array(["-76"] * 4)}, "energies must be float64, got an array of <U3"),
    ],
)
def test_numbers_that_are_no_array_are_refused(changes, message):
    with pytest.raises(TypeError, match=message):
        dataset(**changes)


def test_numpy_arrays_become_tensors_of_the_same_bits():
    given = dataset()
    names = ("positions", "energies", "forces", "dipoles")
    arrays = {name: getattr(given, name).numpy() for name in names}
    # Views with negative strides and another byte order, as files give them.
    arrays["energies"] = arrays["energies"][::-1].copy()[::-1]
    arrays["forces"] = arrays["forces"].astype(">f8")
    made = dataset(**arrays, columns={"t1": given.columns["t1"].numpy()})
    for name in names:
        assert torch.equal(getattr(made, name), getattr(given, name))
    assert torch.equal(made.columns["t1"], given.columns["t1"])
    arrays["positions"] += 1
    assert torch.equal(made.positions, dataset().positions)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *product(["positions", "energies", "forces", "dipoles"], [math.nan, math.inf]),
        ("columns/t1", math.inf),
    ],
)
def test_the_first_row_that_is_not_finite_is_named(name, value):
    given = dataset()
    column = name.removeprefix("columns/")
    tensor = (given.columns[column] if column != name else getattr(given, name)).clone()
    tensor[2:].view(2, -1)[:, -1] = value
    changes = {"columns": {column: tensor}} if column != name else {name: tensor}
    with pytest.raises(
        ValueError, match=rf"{name}, row 2: not a finite number \({value}\); 2 of 4"
    ):
        dataset(**changes)


def test_a_point_may_lack_a_number_of_a_column():
    given = dataset(columns={"t1": torch.tensor([0.1, math.nan, 0.3, 0.4], dtype=torch.float64)})
    assert given.select([1, 3]).columns["t1"].isnan().tolist() == [True, False]


def test_atoms_in_one_place_are_named():
    positions = dataset().positions.clone()
    positions[3, 2] = positions[3, 1] + 0.01
    with pytest.raises(ValueError, match="row 3: atoms 1 and 2 are"):
        dataset(positions=positions)
