"""Forecast of rotation: steps, time left, and what a limit of time leaves."""

import pytest
import torch

import pes
from pes.rovibration import contract_states
from pes.setup.problem.truncation import TruncationRequest
from pes.setup.rotation.rotation_checks import check_size
from pes.setup.rotation.rotation_forecast import RotationForecast, affordable, rotation_forecast

STEPS = {
    "J = 0 states": 10.0, "axes": 5.0, "coupling": 40.0, "symmetry": 0.0, "fewer functions": 20.0,
    "states left out": 5.0, "J = 1": 2.0, "J = 2": 8.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def forecast() -> RotationForecast:
    return RotationForecast(60, 1000, 2**30, STEPS)


def test_time_left(forecast: RotationForecast) -> None:
    assert forecast.seconds == 90
    assert forecast.seconds_left("J = 0 states", 0.0, 0.0, 0.0) == 90
    # Half way the own speed of the step counts; steps before took twice as long as forecast.
    assert forecast.seconds_left("coupling", 0.5, 30.0, 50.0) == 50 + 2 * 35
    # A step that takes longer than forecast is about to end, as far as anybody knows.
    assert forecast.seconds_left("J = 2", 0.0, 82.0, 100.0) == 0


def test_states_within_a_limit(forecast: RotationForecast) -> None:
    assert affordable(forecast, 20, 1000.0) == 60
    # Ten seconds go whatever their number, seventy to sixty states.
    assert affordable(forecast, 20, 50.0) == 34
    assert affordable(forecast, 20, 1.0) == 20


@pytest.mark.parametrize("frame", ["eckart", "linear"])
def test_steps_run_in_the_order_in_which_they_are_forecast(frame: str) -> None:
    """Else steps that are over would count as time that is left."""
    result = pes.levels("water_pjt1996", count=2, accuracy=1.0)
    forecast = list(rotation_forecast(result.levels, 10, [1]).steps)
    places = []
    contract_states(
        result.levels, states=10, frame=frame, highest=1,
        report=lambda step, part: places.append(forecast.index(step)),
    )  # fmt: skip
    assert len(set(places)) > 3
    assert places == sorted(places)


def test_sizes_are_refused_before_the_start() -> None:
    with pytest.raises(ValueError, match=r"levels with J = 500 would take about .* GiB in all"):
        check_size([0, 500], None, 20, 1.0)
    with pytest.raises(ValueError, match=r"`rotation.states` must be at least .* 20, got 5"):
        check_size([1], 5, 20, None)


def test_what_was_reached_is_kept_and_labelled(monkeypatch: pytest.MonkeyPatch) -> None:
    result = pes.levels("water_pjt1996", count=2, accuracy=1.0)
    said: list[str] = []
    whole = result.rotation(range(3), states=10, progress=said.append)
    assert said[0].startswith("rotation: 10 J = 0 states on ")
    assert any("coupling" in s and "CPU-s left" in s for s in said)
    assert not whole.warnings
    # The states are most of the work: another J that takes next to no time is not given up.
    late = result.rotation(range(3), minutes=1e-9)
    assert [one.j for one in late.levels] == [0, 1, 2]
    monkeypatch.setattr("pes.setup.rotation.rotation_forecast.LITTLE", 0.0)
    cut = result.rotation(range(3), minutes=1e-9)
    # The first J in any case, of as many states as there are levels.
    assert [one.j for one in cut.levels] == [0]
    assert len(cut.basis.coupling.energies) == 2
    missing, fewer = cut.warnings
    assert missing.startswith("levels with J = 1, 2 are missing: ")
    assert fewer.startswith("`minutes` allowed 2 J = 0 states in place of ")
    torch.testing.assert_close(cut.levels[0].energies, whole.levels[0].energies)


def test_a_linear_molecule_has_states_of_each_l() -> None:
    result = pes.levels(
        "carbon_dioxide_model", count=4, coordinates="bond_vectors", convergence=False,
        truncation=TruncationRequest(quanta=4, grid_level=6),
    )  # fmt: skip
    said = rotation_forecast(result.levels, 6, [3])
    # Of K = 0 to 3 as many as the levels can couple to, of the CO2 model all four.
    assert said.steps["coupling"] > 2 * rotation_forecast(result.levels, 6, [0]).steps["coupling"]
    assert said.steps["symmetry"] == 0
    places: list[int] = []
    contract_states(
        result.levels, states=6, highest=3,
        report=lambda step, part: places.append(list(said.steps).index(step)),
    )  # fmt: skip
    assert len(set(places)) > 3
    assert places == sorted(places)
