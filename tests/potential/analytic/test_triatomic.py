"""Model triatomics: force constants and barriers by hand."""

import math

import pytest
import torch
from torch import Tensor

from pes.potential.analytic.triatomic import (
    CarbonDioxideModel,
    CarbonylSulfideModel,
    HydrogenSulfideModel,
    SilicideModel,
)
from pes.units import ANGSTROM, CM1, DEGREE


def energy(surface: torch.nn.Module, r1: float, r2: float, angle: float) -> float:
    """V in cm⁻¹ of two bonds (Å) and their angle (degrees), the middle atom where it belongs."""
    a = angle * DEGREE
    x = [[0.0, 0, 0], [r1, 0, 0], [r2 * math.cos(a), r2 * math.sin(a), 0]]
    if surface.symbols[1] == "C":
        x = [x[1], x[0], x[2]]
    return surface(torch.tensor([x], dtype=torch.float64) * ANGSTROM).item() / CM1


SHAPES = {
    SilicideModel: (1.69, 1.69, 115.0),
    HydrogenSulfideModel: (1.336, 1.336, 92.1),
    CarbonDioxideModel: (1.16, 1.16, 180.0),
    CarbonylSulfideModel: (1.156, 1.561, 180.0),
}


@pytest.mark.parametrize("kind", SHAPES)
def test_minimum(kind: type) -> None:
    r1, r2, angle = SHAPES[kind]
    surface = kind()
    assert energy(surface, r1, r2, angle) == pytest.approx(0, abs=1e-8)
    for moved in ((r1 + 0.01, r2, angle), (r1, r2 - 0.01, angle), (r1, r2, angle - 3)):
        assert energy(surface, *moved) > 1


def test_cut_by_hand() -> None:
    w = math.cos(140 * DEGREE) - math.cos(115 * DEGREE)
    y = 1 - math.exp(-1.81 * 0.11)
    v = 40000 * y**2 + 1500 * w * y + 3000 * w**2 + 2000 * w**3 + 2000 * w**4
    assert energy(SilicideModel(), 1.69, 1.8, 140) == pytest.approx(v, abs=1e-8)
    u = 1 + math.cos(160 * DEGREE)
    y = 1 - math.exp(-1.943 * 0.1)
    v = 50000 * y**2 - 10000 * u * y + 32700 * u + 3000 * u**2
    assert energy(CarbonylSulfideModel(), 1.156, 1.661, 160) == pytest.approx(v, abs=1e-6)


def test_barrier_to_linearity_of_the_floppy_one() -> None:
    """The lowest of the linear geometries; a floppy triatomic has it below 1,500 cm⁻¹."""
    linear = [energy(SilicideModel(), 1.65 + k / 1000, 1.65 + k / 1000, 180) for k in range(100)]
    assert min(linear) == pytest.approx(828, abs=1)


def test_dissociation() -> None:
    """A cut along one bond never rises above D."""
    surface = HydrogenSulfideModel()
    cut = [energy(surface, 1.336, 1.336 + k / 10, 92.1) for k in range(1, 100)]
    assert max(cut) <= 31000 + 1e-9
    assert cut[-1] == pytest.approx(31000, abs=1)


def force_constants(surface: torch.nn.Module, x: Tensor) -> Tensor:
    return torch.autograd.functional.hessian(lambda y: surface(y[None]).sum(), x)


@pytest.mark.parametrize("kind", [CarbonDioxideModel, CarbonylSulfideModel])
def test_force_constants_at_linearity(kind: type) -> None:
    """A bend costs k₁ (1 + cos α) ≈ k₁ δ²/2, alike in both directions across the axis."""
    surface = kind()
    x = torch.tensor(kind.reference, dtype=torch.float64) * ANGSTROM
    middle = surface.symbols.index("C")
    end = 1 - middle
    f = force_constants(surface, x)
    across = [float(f[end, k, end, k]) for k in (1, 2)]
    length = float((x[end] - x[middle]).norm())
    expected = surface.bend.powers[0] * CM1 / length**2
    assert across == pytest.approx([expected, expected], rel=1e-9)
