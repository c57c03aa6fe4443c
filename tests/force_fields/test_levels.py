from dataclasses import replace

import numpy as np
import pytest
from small_fields import bilinear, coupled, dense_levels, harmonic_levels, pyramid

from pes.force_fields.field import ForceField
from pes.force_fields.levels import FieldLevels, Limits, field_levels
from pes.units import CM1

EXACT = 1e-6
"""cm⁻¹; far below every accuracy asked for here."""


def fine(accuracy: float, **limits: float) -> Limits:
    return Limits(accuracy * CM1, **limits)


def test_uncoupled_oscillators_are_exact() -> None:
    field = ForceField.of([1000.0, 1300.0, 1900.0], {}, units="cm-1")
    found = field_levels(field, 15, limits=fine(0.1))
    exact = harmonic_levels([1000.0, 1300.0, 1900.0], 15)
    assert np.allclose(found.energies / CM1, exact, rtol=0, atol=EXACT)
    assert found.stopped == "accuracy"
    assert found.functions < 600  # nothing couples: nothing to grow to


@pytest.fixture(scope="module")
def rounds() -> list[FieldLevels]:
    """Twenty levels of five bilinear oscillators, each round of the calculation."""
    found: list[FieldLevels] = []
    field_levels(bilinear(5, 0.15, 1000.0)[0], 20, limits=fine(1e-3), report=found.append)
    return found


def test_bilinear_oscillators_have_the_levels_of_their_normal_modes(rounds) -> None:
    exact = harmonic_levels(bilinear(5, 0.15, 1000.0)[1], 20)
    last = rounds[-1]
    assert abs(last.energies / CM1 - exact).max() < 1e-3
    assert last.errors.max() / CM1 <= 1e-3


def test_estimates_hold_the_errors_of_every_round(rounds) -> None:
    exact = harmonic_levels(bilinear(5, 0.15, 1000.0)[1], 20)
    assert len(rounds) > 2
    for one in rounds:
        assert (abs(one.energies / CM1 - exact) <= one.errors / CM1).all()


def test_eigenvalues_are_upper_bounds_that_fall(rounds) -> None:
    exact = harmonic_levels(bilinear(5, 0.15, 1000.0)[1], 20)
    before = np.full(20, np.inf)
    for one in rounds:
        variational = np.sort(one.variational) / CM1
        assert (variational > exact - EXACT).all()
        assert (variational <= before + EXACT).all()
        before = variational


def test_sextic_field_against_dense_matrices() -> None:
    found = field_levels(coupled(), 12, limits=fine(1e-3))
    exact = dense_levels(coupled(), 34, 12)
    assert np.allclose(found.energies / CM1, exact, rtol=0, atol=1e-3)


def test_levels_of_a_threefold_axis_against_plain_operators() -> None:
    """E levels come twice and equal; a hair's breadth off the axis all are found one by one."""
    field = pyramid()
    turned = field_levels(field, 15, limits=fine(0.01))
    skewed = replace(field, constants={**field.constants, (1, 1, 1): 50.00001 * CM1})
    plain = field_levels(skewed, 15, limits=fine(0.01))
    assert {block.partners for block in turned.blocks} == {1, 2}
    assert {block.partners for block in plain.blocks} == {1}
    assert np.allclose(turned.energies / CM1, plain.energies / CM1, rtol=0, atol=0.01)


def test_all_levels_up_to_an_energy() -> None:
    field = ForceField.of([1000.0, 1300.0], {}, units="cm-1")
    found = field_levels(field, energy=2300 * CM1 * (1 + 1e-9), limits=fine(0.1))
    excitations = (found.energies - found.energies[0]) / CM1
    assert np.allclose(excitations, [0, 1000, 1300, 2000, 2300])


def test_limits_end_a_calculation() -> None:
    field, _ = bilinear(5, 0.15, 1000.0)
    few = field_levels(field, 20, limits=fine(1e-9, functions=900))
    assert few.stopped == "functions"
    assert few.functions <= 900
    assert field_levels(field, 20, limits=fine(1e-9, seconds=1e-3)).stopped == "seconds"
    assert field_levels(field, 20, limits=fine(1e-9, memory=3e6)).stopped == "memory"


def test_more_levels_than_functions() -> None:
    field = ForceField.of([1000.0], {}, units="cm-1")
    with pytest.raises(ValueError, match="100 levels need more than the"):
        field_levels(field, 100, limits=fine(0.1))
    with pytest.raises(ValueError, match="30 levels need more than the 20 functions"):
        field_levels(pyramid(), 30, limits=fine(0.1, functions=20))


def test_memory_that_will_not_do() -> None:
    with pytest.raises(ValueError, match=r"5000 levels need about .* GiB for the first round"):
        field_levels(pyramid(), 5000, limits=fine(0.1, memory=1e6))
