"""Choices of a fit survive their file to the last bit."""

from pathlib import Path

import pytest

from pes.setup.training.planning.choices import FitChoice, LinearChoice, TrainingChoices


def test_file(tmp_path: Path) -> None:
    linear = LinearChoice(4, 1.1, 1e-12, 0.1 + 0.2)
    choices = TrainingChoices(
        (FitChoice(linear, 1 / 3), FitChoice()), "adam", {"surface.hidden": [3]}
    )
    choices.save(tmp_path / "chosen.json")
    assert TrainingChoices.load(tmp_path / "chosen.json") == choices


@pytest.mark.parametrize("content", ["{", "[]", '{"format": "x", "version": 1}'])
def test_damaged(tmp_path: Path, content: str) -> None:
    (tmp_path / "chosen.json").write_text(content)
    with pytest.raises(ValueError, match="cannot be read as choices of a fit"):
        TrainingChoices.load(tmp_path / "chosen.json")


def test_absent(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="start afresh"):
        TrainingChoices.load(tmp_path / "chosen.json")
