from dataclasses import replace

import numpy as np
import pytest
from small_fields import coupled, pyramid

from pes.force_fields.derivatives import derivatives, mean_values, parameter_names
from pes.force_fields.field import ForceField
from pes.force_fields.levels import FieldLevels, Limits, field_levels
from pes.units import CM1


@pytest.fixture(scope="module", params=[coupled, pyramid], ids=["plain", "circular"])
def found(request) -> FieldLevels:
    return field_levels(request.param(), 8, limits=Limits(1e-3 * CM1))


def test_levels_are_homogeneous_in_the_parameters(found) -> None:
    """H is linear in all of them, so that E = Σ F ∂E/∂F."""
    slopes = derivatives(found)
    assert slopes.shape == (8, len(parameter_names(found)))
    sums = slopes @ found.operators.parameters
    assert np.allclose(sums, found.variational, rtol=0, atol=1e-6 * CM1)


def test_derivatives_are_slopes_of_the_levels() -> None:
    field, step = coupled(), 0.01
    found = field_levels(field, 5, limits=Limits(1e-5 * CM1))
    names = parameter_names(found)
    for modes, name in (((0, 0, 1), "f1,1,2"), ((0,) * 6, "f1,1,1,1,1,1")):
        either = []
        for sign in (1, -1):
            moved = {**field.constants, modes: field.constants[modes] + sign * step * CM1}
            either.append(
                field_levels(replace(field, constants=moved), 5, limits=Limits(1e-5 * CM1)).energies
            )
        slope = (either[0] - either[1]) / (2 * step * CM1)
        # Both are good to 1e-5 of 0.02 cm-1; they agree far better, as their errors do.
        assert np.allclose(derivatives(found)[:, names.index(name)], slope, atol=1e-4)


def test_mean_squares_of_an_oscillator() -> None:
    """⟨q²⟩ = n + ½ of mode 1, by half the constant of its second derivative."""
    free = ForceField.of([1000.0, 5000.0], {}, units="cm-1")
    found = field_levels(free, 4, limits=Limits(1e-3 * CM1))
    square = ForceField(free.frequencies, {(0, 0): 2.0})
    assert np.allclose(mean_values(found, square), [0.5, 1.5, 2.5, 3.5])
