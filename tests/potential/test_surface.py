"""What a surface says of itself, whatever it is made of."""

import warnings

import numpy as np
import pytest
import torch

from pes.coordinates import Valence
from pes.potential import Ensemble, Surface, UserFunction
from pes.potential.analytic import WaterPJT
from pes.units import ANGSTROM

CPU = torch.device("cpu")
X = torch.tensor([[[0.0, 0.0, 0.1], [0.0, 1.4, -1.0], [0.1, -1.4, -1.0]]], dtype=torch.float64)


def test_a_module() -> None:
    water = WaterPJT()
    surface = Surface(water, water.symbols)
    assert torch.equal(surface(X), water(X))
    assert surface.differentiable
    assert surface.module is water
    assert list(surface.parameters()) == [water.r_e, water.alpha_e, water.a]


def test_a_plain_function_has_no_parameters_and_no_forces() -> None:
    surface = Surface(UserFunction(lambda x: x[:, 0, 0], "f"))
    assert torch.equal(surface.to(CPU)(X), X[:, 0, 0])
    assert not surface.differentiable
    assert list(surface.parameters()) == []
    with pytest.raises(ValueError, match="a plain function and has no parameters"):
        _ = surface.module


@pytest.mark.parametrize("count", [1, 2])
def test_one_member_alone_cannot_disagree(count: int) -> None:
    ensemble = Ensemble([WaterPJT() for _ in range(count)])
    assert Surface(ensemble).ensemble is (ensemble if count > 1 else None)
    assert Surface(WaterPJT()).ensemble is None


def test_positions_in_another_unit_are_noticed() -> None:
    water = Surface(WaterPJT(), WaterPJT.symbols)
    x = Valence().to_positions(torch.tensor([[1.81, 1.81, 1.82]], dtype=torch.float64))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        water(x)
    with pytest.warns(UserWarning, match=r"like Å: the shortest distance is 0\.5\d of"):
        water(x / ANGSTROM)


def test_arrays_give_arrays() -> None:
    water = Surface(WaterPJT(), WaterPJT.symbols)
    x = Valence().to_positions(torch.tensor([[1.81, 1.81, 1.82]], dtype=torch.float64))
    energies = water(x.numpy())
    assert isinstance(energies, np.ndarray)
    assert energies[0] == float(water(x)[0].detach())


@pytest.mark.parametrize(
    ("positions", "error", "words"),
    [
        (torch.zeros(3, 3).double(), ValueError, r"shape \(B, 3, 3\), got \(3, 3\)"),
        (torch.zeros(1, 4, 3).double(), ValueError, r"shape \(B, 3, 3\), got \(1, 4, 3\)"),
        (torch.zeros(1, 3, 3), TypeError, "must be float64, got float32"),
        ([[0.0, 0.0, 0.0]], TypeError, "a torch tensor or a NumPy array"),
    ],
)
def test_other_positions_are_refused(positions: object, error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        Surface(WaterPJT(), WaterPJT.symbols)(positions)  # pyright: ignore
