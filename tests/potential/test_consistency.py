"""Energies that depend on more than their own geometry are refused."""

import pytest
import torch
from torch import Tensor, nn

from pes.potential.analytic import ANALYTIC, WaterPJT
from pes.potential.consistency import check_consistency
from pes.units import CM1

WATER = WaterPJT()
START = torch.tensor([[0.0, 0, 0], [1.8, 0, 0], [-0.5, 1.7, 0]], dtype=torch.float64)
CALLS = [0]


def counting(x: Tensor) -> Tensor:
    CALLS[0] += 1
    return WATER(x) + 10 * CM1 * CALLS[0]


FAULTS = {
    "mean over the batch": lambda x: WATER(x) + 1e-3 * x.mean(),
    "batch norm": lambda x: WATER(x) * (1 + 1e-6 * nn.functional.normalize(x[:, 0, 0], dim=0)),
    "size of the batch": lambda x: WATER(x) + CM1 * len(x),
    "place in the batch": lambda x: WATER(x) + 0.01 * CM1 * torch.arange(len(x)),
    "number of the call": counting,
    "random": lambda x: WATER(x) + CM1 * torch.randn(len(x), dtype=torch.float64),
    "NaN in larger batches": lambda x: WATER(x) * (torch.nan if len(x) > 4 else 1),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_what_depends_on_more_than_a_geometry(fault) -> None:
    with pytest.raises(
        ValueError, match=r"f changes by .*cm-1 when the same geometry is computed again"
    ):
        check_consistency(fault, START, "f")


@pytest.mark.parametrize("name", ANALYTIC)
def test_surfaces_that_are_right(name: str) -> None:
    surface = ANALYTIC[name]()
    generator = torch.Generator().manual_seed(3)
    x = 2 * torch.randn(len(surface.symbols), 3, generator=generator, dtype=torch.float64)
    check_consistency(surface, x, name)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda x: None, "returned NoneType, not a tensor"),
        (lambda x: x, r"returned shape \(7, 3, 3\) of float64"),
        (lambda x: x[:, 0, 0].float(), r"of float32 for 7 geometries"),
        (lambda x: x.sum(), r"returned shape \(\)"),
    ],
)
def test_what_is_no_energy(wrong, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_consistency(wrong, START, "f")
