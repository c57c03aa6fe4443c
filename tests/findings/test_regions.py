"""Wells without points, regions and fragments."""

from dataclasses import replace

import pytest
import torch
from made_up import CLEAN, ammonia, evidence

from pes.data import Dataset
from pes.findings.regions import bare_well, dissociated, isolated_points, separate_regions


def test_points_far_above_the_minimum_only() -> None:
    data = ammonia()
    high = data.energies > data.energies.quantile(0.3)
    high[data.energies.argmin()] = True
    own = evidence(data.select(high))
    assert "only 1 points lie in the lowest tenth" in bare_well(own)[0].sentence
    without = data.energies > data.energies.quantile(0.3)
    kinds = [f.kind for f in bare_well(evidence(data.select(without)))]
    assert "minimum missing" in kinds
    silent = replace(data.select(without), forces=None)
    assert "minimum missing" not in [f.kind for f in bare_well(evidence(silent))]


@pytest.mark.parametrize(("nearest", "missing"), [(0.05, False), (0.2, True)])
def test_the_minimum_is_missing_where_the_lowest_point_is_high_above_it(
    nearest: float, missing: bool
) -> None:
    """A harmonic bond, k = 0.5 hartree/bohr²: forces exceed 0.02 at the lowest point either way,
    which lies 0.25 % or 4 % of the range above the minimum."""
    stretch = torch.linspace(nearest, 1.0, 60, dtype=torch.float64)
    x = torch.zeros(60, 2, 3, dtype=torch.float64)
    x[:, 1, 0] = 2 + stretch
    forces = torch.zeros_like(x)
    forces[:, 0, 0], forces[:, 1, 0] = 0.5 * stretch, -0.5 * stretch
    own = evidence(Dataset(("C", "O"), x, 0.25 * stretch.square(), forces))
    assert ("minimum missing" in [finding.kind for finding in bare_well(own)]) == missing


def test_isomers_are_two_regions_of_equal_size() -> None:
    (finding,) = separate_regions(evidence(CLEAN["HCN and HNC"]()))
    assert "2 regions (50 %, 50 %)" in finding.sentence
    assert len({row % 2 for row in finding.rows}) == 2  # the isomers alternate
    assert separate_regions(evidence(ammonia())) == []


def test_dissociated_points_are_counted() -> None:
    data = CLEAN["H2O to atoms"]()
    own = evidence(data)
    (finding,) = dissociated(own)
    # An atom is free where both its distances are beyond 2.5 bond lengths.
    oh1, oh2, hh = own.bonds.T > 2.5
    free = (oh1 & oh2) | (oh1 & hh) | (oh2 & hh)
    assert sorted(finding.rows) == free.nonzero().flatten().tolist()
    assert dissociated(evidence(ammonia())) == []


def test_an_isolated_point_is_a_note_that_names_it() -> None:
    data = ammonia()
    x = data.positions.clone()
    x[17, 3] = 3 * x[17, 3] - 2 * x[17, 0]
    (finding,) = isolated_points(evidence(replace(data, positions=x)))
    assert (finding.severity, finding.rows) == ("note", (17,))
    assert "1 point is far from all others" in finding.sentence
    assert isolated_points(evidence(data)) == []
