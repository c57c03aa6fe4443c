"""A poor fit says so, and what would help by its errors at points fitted and not fitted."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

import pes
from pes.data import Dataset, split
from pes.potential.analytic import WaterPJT
from pes.setup.training.outcome.poor_fit import poor_fit_lines
from pes.units import CM1

Water = Callable[..., Dataset]


def shifted(points: Dataset, size: float) -> Dataset:
    """Labels alternately above and below the surface by a size in cm⁻¹."""
    signs = torch.ones(len(points)).double()
    signs[::2] = -1
    return replace(points, energies=WaterPJT()(points.positions).detach() + size * CM1 * signs)


@pytest.mark.parametrize("part", ["validation", "test"])
def test_the_remedy_follows_from_the_points_fitted(water: Water, part: str) -> None:
    """Water below 25,000 cm⁻¹ has energies that are spread over several thousands."""
    fitted, other = water().select(slice(0, 40)), water().select(slice(40, None))
    (more,) = poor_fit_lines(
        WaterPJT(), {"train": shifted(fitted, 2.0), part: shifted(other, 50.0)}
    )
    assert more.startswith(f"the fit is poor: it errs by 50 cm-1 at the {part} points; ")
    assert "It errs by 2 cm-1 at the points that were fitted: it needs more points" in more
    (form,) = poor_fit_lines(
        WaterPJT(), {"train": shifted(fitted, 40.0), part: shifted(other, 50.0)}
    )
    assert "It errs by 40 cm-1 at the points that were fitted, too" in form
    assert "more points alone do not help" in form
    (time,) = poor_fit_lines(
        WaterPJT(), {"train": shifted(fitted, 40.0), part: shifted(other, 50.0)}, cut=True
    )
    assert time.endswith("at the points that were fitted, too: more time may help")


def test_a_good_fit_and_one_as_good_as_its_labels_say_nothing(water: Water) -> None:
    points = shifted(water(), 0.9)
    assert poor_fit_lines(WaterPJT(), {"train": points, "test": points}) == ()
    # Steps of 1e-3 hartree: the floor is 63 cm⁻¹.
    rounded = replace(points, energies=(points.energies * 1e3).round() / 1e3)
    assert poor_fit_lines(WaterPJT(), {"train": rounded, "test": rounded}) == ()


def test_it_is_the_first_line_of_the_result(water: Water) -> None:
    points = water()
    fit = pes.train(points, form=pes.LinearForm(degree=2), parts=split(points, seed=0))
    assert str(fit).startswith("the fit is poor: ")
    assert fit.summary()["poor"] == fit.poor
    assert pes.train(water(points=300), form=pes.LinearForm(degree=9)).poor == ()
