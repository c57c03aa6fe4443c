"""Levels that should be doubted say so; good ones are silent."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from pes.units import CM1
from pes.vibration import BasisSpec, System, model, vibrational_levels

ONE = torch.eye(1, dtype=torch.float64)
NEAR = torch.zeros(1, dtype=torch.float64)


def holed(depth: float) -> System:
    """A unit oscillator with a pit of width 0.4 at x = 5."""

    def potential(q: Tensor) -> Tensor:
        x = q[:, 0]
        return x**2 / 2 - (12.5 + depth) * torch.exp(-(((x - 5) / 0.4) ** 2))

    return model(potential, ONE)


def test_nothing_to_doubt(oscillator: System, line: BasisSpec) -> None:
    assert vibrational_levels(oscillator, [line], 4, cap=1e3).warnings == ()
    # Odd sizes, 59 and widened 65, have a point at the very bottom.
    bottom = replace(line, points=None, primitives=59)
    assert vibrational_levels(oscillator, [bottom], 4, cap=1e3).warnings == ()


def test_a_hole_is_found_and_its_ghosts_are_named(line: BasisSpec) -> None:
    fine = replace(line, points=None, functions=40)
    found = vibrational_levels(holed(8.0), [fine], 4, cap=1e3, reference=NEAR, convergence=False)
    hole, ghosts = found.warnings
    assert "hole in the surface: " in hole
    assert "at q = (5." in hole or "at q = (4.9" in hole
    assert "narrow the ranges" in hole
    # ω = √(2·20.5)/0.4 = 16: the lowest state lies at −8 + 6, below the well's 0.5.
    assert ghosts == "spurious levels that lie in the hole: [0]"
    assert found.energies[1] == pytest.approx(0.5, abs=1e-3)


def test_a_hole_without_ghosts(line: BasisSpec) -> None:
    """Too shallow to hold a state."""
    found = vibrational_levels(holed(0.5), [replace(line, points=None)], 2, cap=1e3, reference=NEAR,
                   convergence=False)  # fmt: skip
    assert [w.split(":")[0] for w in found.warnings] == ["hole in the surface"]


def test_a_low_cap(oscillator: System, line: BasisSpec) -> None:
    found = vibrational_levels(oscillator, [line], 5, cap=6.0, convergence=False)
    (warning,) = found.warnings
    assert warning.startswith("raising the cap by 10 % would move level 4 by about")
    # The estimate agrees with doing it, within the change of the tail.
    said = float(warning.split("about ")[1].split()[0]) * CM1
    raised = vibrational_levels(oscillator, [line], 5, cap=6.6, convergence=False)
    moved = float(raised.energies[4] - found.energies[4])
    assert 0.5 * moved < said < 2 * moved


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-8.0, 2.5, ["upper"]),
        (-2.5, 8.0, ["lower"]),
        (-2.5, 2.5, ["lower", "upper"]),
        (-8.0, 8.0, []),
    ],
)
@pytest.mark.parametrize("basis", ["sinc", "hermite"])
def test_a_range_too_short(
    basis: str, low: float, high: float, expected: list[str], oscillator: System
) -> None:
    x = BasisSpec(basis, low, high, 12, primitives=40, name="x")
    found = vibrational_levels(oscillator, [x], 3, cap=1e3, convergence=False)
    if basis == "hermite" and expected:
        # Hermite functions pass beyond their Gauss points: no wall, but the tail is seen.
        assert len(found.warnings) <= len(expected)
        return
    assert [w.split("reach its ")[1].split()[0] for w in found.warnings] == expected
    assert all(w.startswith("x: levels from number 0 on") for w in found.warnings)


def test_the_first_level_that_leaks_is_named(oscillator: System) -> None:
    x = BasisSpec("sinc", -4.5, 4.5, 20, primitives=50, name="x")
    found = vibrational_levels(oscillator, [x], 8, cap=1e3, convergence=False)
    leak = found.leak().amax((1, 2))
    first = int((leak > 1e-5).nonzero()[0])
    assert 0 < first < 8
    assert all(f"from number {first} on" in w for w in found.warnings)
