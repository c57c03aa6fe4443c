"""What was chosen, written as a configuration, gives the same levels again."""

import json
from pathlib import Path

import pytest
import torch
import yaml

from pes import cli
from pes.setup.levels import levels
from pes.setup.truncation import TruncationRequest


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
    result = levels(surface, **settings)
    content = {"name": "again", "surface": surface, **result.chosen}
    (tmp_path / "again.yaml").write_text(yaml.safe_dump(content))
    folder = tmp_path / "again"
    cli.levels(["--config", str(tmp_path / "again.yaml"), "--output", str(folder)])
    again = json.loads((folder / "levels.json").read_text())["levels"]
    energies = torch.tensor([level["energy"] for level in again], dtype=torch.float64)
    # Ranges pass through Å and degrees: their last digits move levels by less than this.
    torch.testing.assert_close(energies, result.energies, rtol=0, atol=1e-5)


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
