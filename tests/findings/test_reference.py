"""The reference is not bent by wrong labels, and says how far off each of them is."""

from dataclasses import replace

import pytest
import torch
from made_up import ammonia

from pes.findings.reference import reference
from pes.units import CM1

EVERY = torch.ones(300, dtype=torch.bool)


def test_residuals_are_the_errors_of_the_labels() -> None:
    data = ammonia()
    rows = torch.arange(0, 300, 10)  # a tenth of all
    errors = torch.zeros(300, dtype=torch.float64)
    errors[rows] = torch.linspace(100, 3000, 30).double() * CM1
    known = reference(replace(data, energies=data.energies + errors), EVERY)
    assert known is not None
    # The rest of the labels is fitted to far below 20 cm-1.
    assert (known.residuals - errors).abs().median() < 1 * CM1
    assert (known.residuals - errors)[rows].abs().median() < 20 * CM1
    assert known.wrong()[rows].double().mean() > 0.8
    assert not known.wrong()[errors == 0].any()


def test_residual_is_that_of_a_fit_without_the_point() -> None:
    data = ammonia()
    without = EVERY.clone()
    without[17] = False
    own, other = reference(data, EVERY), reference(data, without)
    assert own is not None
    assert other is not None
    # Weights differ slightly, since the points of the fit differ.
    assert float(own.residuals[17]) == pytest.approx(float(other.residuals[17]), rel=0.3)


def test_no_reference_without_points_or_differences() -> None:
    data = ammonia()
    assert reference(data, EVERY & (torch.arange(300) < 20)) is None
    assert reference(replace(data, energies=0 * data.energies), EVERY) is None


def test_labels_of_other_coefficients() -> None:
    known = reference(ammonia(), EVERY)
    assert known is not None
    x = ammonia().positions[:7]
    numbers = torch.cat((known.surface.shift[None], known.surface.coefficients)) * known.lengths
    torch.testing.assert_close(known.predicted(numbers, x), known.surface(x))
