"""Observed levels find their calculated ones, or are refused."""

from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from pes.units import CM1
from pes.vibration import BasisSpec, Levels, model, vibrational_levels
from pes.vibration.analysis import assignment
from pes.vibration.analysis.assignment import Label, _fitted, assigned, quantum_labels

OBSERVED = {(0, 1, 0): 1594.7, (0, 2, 0): 3151.6, (1, 0, 0): 3657.1, (0, 0, 1): 3755.9}


def energies(values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float64) * CM1


def test_water_in_local_functions(water_levels: Levels) -> None:
    """ν1 and ν3 are both half r1, half r2: exchange tells them apart."""
    found = quantum_labels(water_levels, symmetric=True)
    assert [label.kind for label in found] == [
        (0, 0, 1), (0, 1, 1), (0, 2, 1), (1, 0, 1), (1, 0, -1),
    ]  # fmt: skip
    assert all(label.weight > 0.9 for label in found)
    quanta = [(0, 0, 1), (0, 2, 0), (0, 1, 0), (1, 0, 0)]
    observed = energies([OBSERVED[q] for q in quanta])
    assert assigned(water_levels, quanta, observed, symmetric=True).numbers == [4, 2, 1, 3]


def test_a_level_that_is_not_there_is_refused(water_levels: Levels) -> None:
    found = assigned(water_levels, [(0, 1, 0), (0, 5, 0)], energies([1594.7, 7542.0]),
                     symmetric=True)  # fmt: skip
    assert found.numbers == [1, None]
    assert found.reasons == [
        "(0 5 0): no calculated level has these quanta with a weight of 0.5 or more"
    ]


def test_other_molecules_by_the_quanta_of_each_coordinate(line: BasisSpec) -> None:
    stiff = model(lambda q: (q[:, 0] ** 2 + 1.7 * q[:, 1] ** 2) / 2, torch.eye(2).double())
    found = vibrational_levels(stiff, [line, line], 5, cap=1e3, convergence=False)
    kinds = [label.kind for label in quantum_labels(found, symmetric=False)]
    assert kinds == [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1)]
    numbers = assigned(found, [(1, 1), (1, 0)], torch.tensor([2.3, 1.0]).double(), symmetric=False)
    assert numbers.numbers == [4, 1]


def test_order_and_doubt_within_a_kind() -> None:
    calculated = torch.tensor([10.0, 20.0, 30.0]).double()
    assert _fitted(calculated, torch.tensor([11.0, 29.0]).double()) == ([0, 2], [False, False])
    # Between two levels nobody knows; all observed settles it by their order.
    assert _fitted(calculated, torch.tensor([14.5]).double()) == ([0], [True])
    assert _fitted(calculated, torch.tensor([14.5, 24.0, 26.0]).double())[1] == [False] * 3


def test_two_that_are_nearest_to_the_same_level() -> None:
    """Each calculated level once, in the order of the energies."""
    calculated = torch.tensor([10.0, 20.0, 40.0]).double()
    assert _fitted(calculated, torch.tensor([19.0, 21.0]).double())[0] == [0, 1]
    assert _fitted(calculated, torch.tensor([38.0, 39.0]).double())[0] == [1, 2]


def labelled(monkeypatch: pytest.MonkeyPatch, rows: list[tuple[float, float]]) -> Any:
    """Levels of one kind by their energies and weights."""
    found = [Label((0, 0, 1), 1.0), *[Label((1, 0, 1), weight) for _, weight in rows]]
    monkeypatch.setattr(assignment, "quantum_labels", lambda *_, **__: found)
    return SimpleNamespace(excitations=torch.tensor([0.0, *[e for e, _ in rows]]).double())


def test_a_label_must_be_firm(monkeypatch: pytest.MonkeyPatch) -> None:
    for weight, number in ((0.55, 1), (0.45, None)):
        found = assigned(labelled(monkeypatch, [(10.0, weight)]), [(1, 0, 0)],
                         torch.tensor([10.0]).double(), symmetric=True)  # fmt: skip
        assert found.numbers == [number]
    assert found.reasons == [
        "(1 0 0): no calculated level has these quanta with a weight of 0.5 or more (weights: 0.45)"
    ]


def test_fewer_firm_levels_than_observed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of one kind were seen, one level is surely of it: which of the two is not told."""
    there = labelled(monkeypatch, [(10.0, 0.9), (20.0, 0.4)])
    observed = torch.tensor([20.0, 10.0]).double()
    found = assigned(there, [(1, 0, 0), (1, 0, 0)], observed, symmetric=True)
    assert found.numbers == [None, None]
    assert "weights: 0.90, 0.40" in found.reasons[0]


def test_observed_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    there = labelled(monkeypatch, [(10.0, 0.9), (20.0, 0.9)])
    observed = torch.tensor([20.0, 10.0]).double()
    found = assigned(there, [(1, 0, 0), (1, 0, 0)], observed, symmetric=True)
    assert found.numbers == [2, 1]


def test_two_bonds_need_one_basis(line: BasisSpec) -> None:
    wide = BasisSpec("sinc", -9.0, 8.0, 16, points=24, primitives=60)
    soft = model(lambda q: (q**2).sum(-1) / 2, torch.eye(3).double())
    few = [BasisSpec("sinc", c.low, c.high, 4, points=6, primitives=20) for c in (line, wide)]
    found = vibrational_levels(soft, [*few, few[0]], 2, cap=1e3, convergence=False)
    with pytest.raises(ValueError, match="same range and basis"):
        quantum_labels(found, symmetric=True)
