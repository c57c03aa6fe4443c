"""What a surface says of itself, whatever it is made of."""

import pytest
import torch

from pes.potential import Ensemble, Surface, UserFunction
from pes.potential.analytic import WaterPJT

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
    with pytest.raises(ValueError, match="function without parameters"):
        _ = surface.module


@pytest.mark.parametrize("count", [1, 2])
def test_one_member_alone_cannot_disagree(count: int) -> None:
    ensemble = Ensemble([WaterPJT() for _ in range(count)])
    assert Surface(ensemble).ensemble is (ensemble if count > 1 else None)
    assert Surface(WaterPJT()).ensemble is None
