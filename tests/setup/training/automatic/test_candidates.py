"""Networks fit the points and the time, and can describe the molecule."""

import pytest

from pes.potential.mlp import MLP
from pes.setup.training.automatic.candidates import Candidate, candidates, neighbours
from pes.setup.training.automatic.points import PointSummary
from pes.setup.training.planning.settings import NetworkForm


def summary(elements: str, *, dissociated: float = 0.0, forces: bool = False) -> PointSummary:
    return PointSummary("", tuple(elements), 1000, 1e4, forces, 0.0, dissociated, 3.0)


@pytest.mark.parametrize("elements", ["OHH", "COHH", "OHHH", "CHHHH"])
def test_degree_two_is_never_tried_for_four_atoms(elements: str) -> None:
    tried = candidates(summary(elements), 20_000, 1e5)
    assert tried
    assert min(one.form.degree for one in tried) == summary(elements).smallest_degree
    assert tried[0].form.hidden == (20, 20)


def test_few_points_have_small_networks() -> None:
    few = candidates(summary("OHH"), 200, 1e5)
    assert few[0].parameters <= 200
    assert candidates(summary("OHH"), 20, 1e5) == []


def test_no_network_begins_that_has_no_time() -> None:
    for seconds in (20.0, 200.0, 2000.0):
        for one in candidates(summary("OHH"), 40_000, seconds):
            few = one.meeting(40_000)
            assert 4000 <= few == max(4000, 6 * one.parameters) < 40_000
            assert 60 * one.epoch(few) + 40 * one.epoch(40_000) <= seconds
            assert one.meeting(5000) == 5000
    assert candidates(summary("OHH"), 40_000, 0.3) == []


def test_atoms_far_apart_ask_for_long_variables() -> None:
    assert candidates(summary("OHH", dissociated=0.3), 5000, 1e5)[0].form.length == 2.0


def test_networks_of_bonds_and_angle_are_tried_for_ab2_alone() -> None:
    tried = candidates(summary("HOH"), 5000, 1e5)
    assert [(one.form.variable, one.form.degree) for one in tried[:2]] == [
        ("cosine", 2), ("cosine", 3),
    ]  # fmt: skip
    assert {one.form.variable for one in tried} == {"cosine", "morse"}
    assert "invariants of degree 3 in bonds and angle, length 1 A" in str(tried[1])
    for other in (summary("HCO"), summary("HHH"), summary("OHH", dissociated=0.3)):
        assert {one.form.variable for one in candidates(other, 5000, 1e5)} == {"morse"}


def test_forces_of_few_points_are_fitted_first() -> None:
    assert candidates(summary("OHH", forces=True), 400, 1e5)[0].forces
    assert not any(one.forces for one in candidates(summary("OHH", forces=True), 40_000, 1e5))


def test_residuals_of_forces_allow_wider_networks() -> None:
    """100 energies of water and three directions of its forces."""
    tried = candidates(summary("OHH", forces=True), 100, 1e5)
    parameters = {one.forces: one.parameters for one in reversed(tried)}
    assert parameters[False] <= 100 < parameters[True] <= 400


def test_a_network_with_forces_is_narrower_where_time_is_short() -> None:
    """Ten residuals for each of 1,600 points of five atoms."""
    tried = candidates(summary("CFHHH", forces=True), 1600, 60.0)
    widths = {one.forces: one.form.hidden[0] for one in reversed(tried)}
    assert 4 <= widths[True] < widths[False]
    assert all(one.least(1600) <= 60 for one in tried)


def test_parameters_are_those_of_the_network() -> None:
    form = NetworkForm(degree=2, hidden=(20, 20))
    one = Candidate(form, ("O", "H", "H"))
    assert one.parameters == sum(p.numel() for p in MLP(6, (20, 20)).parameters())
    assert {near.form.hidden[0] for near in neighbours(one)} == {15, 28}
