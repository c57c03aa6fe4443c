"""Vibrational angular momentum: exact levels, dense matrices, derivatives, a molecule."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

import pes
from pes.coordinates import NormalModes
from pes.force_fields.coriolis import Coriolis
from pes.force_fields.field import ForceField
from pes.setup.coordinates.coordinate_request import CoordinateRequest
from pes.setup.force_fields.quartic_field import modes_at_minimum, quartic_field
from pes.setup.inputs.surfaces import as_surface
from pes.setup.problem.problem import problem
from pes.setup.problem.truncation import TruncationRequest
from pes.units import ANGSTROM, CM1

OMEGA, ROTATIONAL = (1000.0, 1700.0, 2900.0), (9.0, 14.0, 27.0)
ZETA = {(0, 0, 1): 0.3, (1, 0, 2): -0.5, (2, 1, 2): 0.7, (0, 1, 2): 0.2}
CONSTANTS = {(0, 0, 1): 80.0, (1, 1, 2): -120.0, **{(k,) * 4: 40.0 for k in range(3)}}


@pytest.fixture(scope="module")
def field() -> ForceField:
    field = ForceField.of(OMEGA, CONSTANTS, units="cm-1")
    x, y, z = (b * CM1 for b in ROTATIONAL)
    return replace(field, coriolis=Coriolis((x, y, z), ZETA))


def test_an_isotropic_oscillator_turns() -> None:
    """ω (v + 1) + B (l² − ¼) with ζ = 1."""
    field = ForceField.of([1000.0, 1000.0], {}, units="cm-1")
    field = replace(field, coriolis=Coriolis((0.0, 0.0, 10 * CM1), {(2, 0, 1): 1.0}))
    found = pes.levels(field, count=10, accuracy=0.001)
    exact = [(v, v - 2 * k) for v in range(4) for k in range(v + 1)]
    expected = sorted(1000 * (v + 1) + 10 * (momentum**2 - 0.25) for v, momentum in exact)
    assert (found.levels.energies / CM1).tolist() == pytest.approx(expected, abs=1e-6)


def dense_levels(count: int, size: int = 9) -> np.ndarray:
    """Levels in cm⁻¹ by matrices of q and p, powers of which are made in a larger basis."""
    up = np.diag(np.sqrt(np.arange(1, size + 8)), 1)
    q, p = (up + up.T) / 2**0.5, -1j * (up - up.T) / 2**0.5

    def operator(factors: dict[int, np.ndarray]) -> np.ndarray:
        one = np.eye(size)
        each = [factors[k][:size, :size] if k in factors else one for k in range(3)]
        return np.kron(np.kron(each[0], each[1]), each[2])

    h = sum(w / 2 * operator({k: q @ q + p @ p}) for k, w in enumerate(OMEGA))
    h = h + 40 * operator({0: q @ q, 1: q}) - 60 * operator({1: q @ q, 2: q})
    h = h + sum(40 / 24 * operator({k: np.linalg.matrix_power(q, 4)}) for k in range(3))
    for axis, b in enumerate(ROTATIONAL):
        terms = []
        for k, m in ((k, m) for a, k, m in ZETA if a == axis):
            ratio = (OMEGA[m] / OMEGA[k]) ** 0.5
            terms.append((ZETA[axis, k, m] * ratio, {k: q, m: p}))
            terms.append((-ZETA[axis, k, m] / ratio, {m: q, k: p}))
        for (c, one), (d, other) in product(terms, repeat=2):
            both = {**other, **one, **{k: one[k] @ other[k] for k in one.keys() & other.keys()}}
            h = h + b * c * d * operator(both)
        h = h - b / 4 * np.eye(size**3)
    return np.linalg.eigvalsh(h)[:count]


def test_levels_of_dense_matrices(field: ForceField) -> None:
    found = pes.levels(field, count=6, accuracy=0.001)
    assert (found.levels.energies / CM1).tolist() == pytest.approx(dense_levels(6), abs=1e-3)
    alone = pes.levels(replace(field, coriolis=None), count=6, accuracy=0.001)
    # B ζ² and more of it: a test of something that matters.
    assert float((alone.energies - found.energies).abs().max()) > 5
    assert "J = 0 with the vibrational angular momentum" in found.header()[1]
    assert "`coriolis` adds it" in alone.header()[1]


def test_derivatives_against_differences(field: ForceField) -> None:
    """By ω, on which π depends, and by a rotational constant."""
    slopes = pes.levels(field, count=4, accuracy=1e-3).sensitivity().columns

    def levels(one: ForceField) -> Tensor:
        return torch.from_numpy(pes.levels(one, count=4, accuracy=1e-4).levels.energies) / CM1

    def turned(b: float) -> ForceField:
        return replace(field, coriolis=Coriolis((9 * CM1, 14 * CM1, b * CM1), ZETA))

    def stretched(factor: float) -> ForceField:
        first, *others = field.frequencies
        return replace(field, frequencies=(factor * first, *others))

    by_rotation = levels(turned(27.5)) - levels(turned(26.5))
    torch.testing.assert_close(slopes["dE/dBz"], by_rotation, rtol=0, atol=1e-5)
    by_frequency = (levels(stretched(1.001)) - levels(stretched(0.999))) / 2.0
    torch.testing.assert_close(slopes["dE/dw1"], by_frequency, rtol=0, atol=1e-5)


def test_levels_near_those_of_the_exact_kinetic_energy() -> None:
    """Harmonic V in the normal coordinates of water, so that the kinetic energy alone counts.

    What is left is that moments of inertia change with q: a tenth of the whole effect or less.
    """
    surface = as_surface("water_pjt1996")
    found = problem(surface, coordinates=CoordinateRequest(kind="normal_modes")).internal
    assert isinstance(found, NormalModes)
    modes = modes_at_minimum(surface.potential, found)
    harmonic = ForceField(tuple(modes.frequencies.tolist()), {})
    place = (modes.reference / ANGSTROM).tolist()

    def potential(x: Tensor) -> Tensor:
        return harmonic.potential(modes.from_positions(x))

    exact = pes.levels(
        potential, "O H H", count=5, convergence=False,
        truncation=TruncationRequest(quanta=8, grid_level=10),
        coordinates=CoordinateRequest(kind="normal_modes", reference=place),
    )  # fmt: skip
    errors = []
    for coriolis in (False, True):
        field = quartic_field(potential, "O H H", reference=place, coriolis=coriolis)
        levels = pes.levels(field, count=5, accuracy=0.01)
        apart = levels.energies - exact.energies
        apart[0] = levels.zero_point_energy - exact.zero_point_energy
        errors.append(apart.abs())
    assert float(errors[0].max()) > 20
    assert bool((errors[1] < 0.1 * errors[0]).logical_or(errors[1] < 0.3).all())
