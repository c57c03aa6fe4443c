"""Verdicts on levels of oscillators, smooth and in steps."""

import re
from collections.abc import Callable
from dataclasses import replace
from math import nan

import pytest
import torch
from torch import Tensor

from pes.places import Places
from pes.setup.errors.verdict import roughness, verdict
from pes.units import ANGSTROM, CM1
from pes.vibration.basis.specification import BasisSpec
from pes.vibration.levels.levels import vibrational_levels
from pes.vibration.levels.result import Levels
from pes.vibration.system.system import model

MASS = 2000.0


def oscillator(form: Callable[[Tensor], Tensor], *, convergence: bool = True) -> Levels:
    """Five levels of V = form(0.2 x²) for a particle of 2,000 electron masses."""
    places = Places(("x",), ("A",), (ANGSTROM,))
    system = model(lambda q: form(0.2 * q[:, 0] ** 2), torch.eye(1).double() / MASS)
    system = replace(system, places=places)
    spec = BasisSpec("sinc", -1.5, 1.5, 14, points=18, primitives=60, name="x")
    bottom = torch.zeros(1, dtype=torch.float64)
    return vibrational_levels(system, [spec], 5, convergence=convergence, reference=bottom)


def test_converged_levels_of_a_smooth_surface() -> None:
    levels = oscillator(lambda v: v)
    assert float(levels.convergence.max()) < 0.001 * CM1
    assert verdict(levels) == "on this surface levels 0 to 4 are good to 0.001 cm-1"


def test_levels_without_an_estimate() -> None:
    levels = oscillator(lambda v: v, convergence=False)
    assert verdict(levels) == "on this surface levels 0 to 4 have unknown errors"


def test_errors_of_a_fit_are_added() -> None:
    fit = [{"fit": 0.2}, {"fit": 2.0}, {"fit": 2.0}, {"fit": nan}, {"fit": nan}]
    assert verdict(oscillator(lambda v: v), fit) == (
        "on this surface levels 0 to 4 are good to 0.001 cm-1; with the errors of the fit added, "
        "level 0 is good to 0.3 cm-1; levels 1 and 2 are good to 3 cm-1; "
        "levels 3 and 4 have unknown errors"
    )


def test_values_in_steps_are_told_with_their_size() -> None:
    step = 20 * CM1
    levels = oscillator(lambda v: (v / step).round() * step)
    # Rounding to multiples of s is noise of s/√12; that of neighbours is not quite independent.
    assert roughness(levels).size == pytest.approx(step / 12**0.5, rel=0.8)
    said = verdict(levels)
    assert "the surface is not smooth where the levels are: its values jump by" in said
    assert re.search(r"at x = -?0\.\d{4} A, and no basis", said)
    assert "0.001" not in said


def test_steps_above_the_cap_are_no_noise() -> None:
    """As where atoms coincide: most points of this well lie there, and no level feels them."""
    jagged = model(
        lambda q: 8 * q[:, 0] ** 2 + (q[:, 0].abs() > 0.3) * (40 * q[:, 0].abs()).round(),
        torch.eye(1).double() / 2000,
    )
    spec = BasisSpec("sinc", -1.5, 1.5, 14, None, primitives=60, name="x")
    bottom = torch.zeros(1, dtype=torch.float64)
    levels = vibrational_levels(jagged, [spec], 3, convergence=False, reference=bottom)
    assert roughness(levels).size < 1e-3 * CM1


def test_levels_in_a_hole_are_of_no_use() -> None:
    levels = oscillator(lambda v: v - 0.3 * torch.exp(-((v - 0.1) ** 2) / 2e-3), convergence=False)
    assert "in a hole of the surface and must not be used" in verdict(levels)
