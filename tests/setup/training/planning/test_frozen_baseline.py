"""Baselines are copied, frozen and checked against the points."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pes.data import Dataset
from pes.potential import NamedFunction
from pes.potential.analytic import WaterPJT
from pes.setup.training.planning.frozen_baseline import frozen_baseline

Water = Callable[..., Dataset]


class Constant(nn.Module):
    def __init__(self, value: float) -> None:
        super().__init__()
        self.value = nn.Parameter(torch.tensor(value, dtype=torch.float64))

    def forward(self, positions: Tensor) -> Tensor:
        return self.value * positions[:, 0, 0] ** 0


def test_the_module_of_the_user_keeps_its_gradients(water: Water) -> None:
    given = WaterPJT().requires_grad_(True)
    before = [parameter.requires_grad for parameter in given.parameters()]
    frozen = frozen_baseline(given, water())
    assert frozen is not given
    assert not any(parameter.requires_grad for parameter in frozen.parameters())
    assert [parameter.requires_grad for parameter in given.parameters()] == before
    x = water().positions
    assert torch.equal(frozen(x), given(x))


def test_a_surface_of_other_atoms_is_refused(water: Water) -> None:
    points = water()
    turned = Dataset(("H", "O", "H"), points.positions[:, [1, 0, 2]], points.energies)
    with pytest.raises(ValueError, match="is for the atoms O H H, the data have H O H"):
        frozen_baseline("water_pjt1996", turned)


def test_points_without_a_value_are_counted(water: Water, tmp_path: Path) -> None:
    (tmp_path / "low.py").write_text(
        "def low(x):\n    return (x[:, 1, 0] - x[:, 1, 0].max()).abs().log()\n"
    )
    with pytest.raises(ValueError, match="NaN or infinity at 1 of 60 training points"):
        frozen_baseline(f"{tmp_path / 'low.py'}:low", water())


@pytest.mark.parametrize("with_forces", [False, True])
def test_a_function_in_numpy_serves_energies_alone(
    water: Water, tmp_path: Path, with_forces: bool
) -> None:
    (tmp_path / "low.py").write_text(
        "import numpy as np\n\ndef low(x):\n    return np.cos(np.asarray(x)[:, 1, 0])\n"
    )
    points, name = water(forces=with_forces), f"{tmp_path / 'low.py'}:low"
    if with_forces:
        with pytest.raises(ValueError, match="differentiable by torch"):
            frozen_baseline(name, points)
        return
    frozen = frozen_baseline(name, points)
    assert isinstance(frozen, NamedFunction)
    expected = np.cos(points.positions[:, 1, 0].numpy())
    assert np.array_equal(frozen(points.positions).numpy(), expected)


def test_infinity_is_found_on_any_point(water: Water) -> None:
    module = Constant(math.inf)
    with pytest.raises(ValueError, match="at 60 of 60 training points"):
        frozen_baseline(module, water())
