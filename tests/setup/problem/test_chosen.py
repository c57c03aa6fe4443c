"""What was chosen, written as a configuration, gives the same levels again."""

from pathlib import Path

import pytest
from repeated_levels import check_repeated

from pes.setup.levels.levels import levels
from pes.setup.problem.truncation import TruncationRequest


@pytest.mark.parametrize(
    ("surface", "settings"),
    [
        ("hydrogen_sulfide_model", {"count": 5}),
        ("formaldehyde_model", {"count": 2, "accuracy": 2000.0}),
        (
            "formaldehyde_model",
            {"count": 2, "truncation": TruncationRequest(2, grid_level=4), "convergence": False},
        ),
    ],
)
def test_the_configuration_repeats_the_levels(tmp_path: Path, surface: str, settings: dict) -> None:
    check_repeated(levels(surface, **settings), surface, tmp_path)


def test_expert_sizes_are_told_as_they_are() -> None:
    result = levels(
        "water_pjt1996", count=2, basis={"all": 4}, convergence=False, coordinates="radau"
    )
    chosen = result.chosen
    assert chosen["coordinates"]["kind"] == "radau"
    assert chosen["basis"]["theta"]["functions"] == 4
    assert "reference" not in chosen


def test_relaxed_cuts_are_for_three_coordinates() -> None:
    with pytest.raises(ValueError, match="`reference: mean` is for three coordinates"):
        levels("formaldehyde_model", count=2, truncation=TruncationRequest(reference="mean"))
