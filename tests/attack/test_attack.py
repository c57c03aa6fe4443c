"""A fixed part of `make attack`: broken inputs end in one line, and nothing is lost or run.

Commands that would accept an input run for seconds; those are left to `make attack`. Every tenth
configuration is read here, and some of the files.
"""

from pathlib import Path
from random import Random

import pytest
from attack.cases import configurations, damaged, surfaces, valid_folder
from attack.harness import Attack, attacked
from attack.kills import WAYS, Broken, interruptions

from pes.config import (
    LabelConfig,
    LevelsConfig,
    RefineConfig,
    SampleConfig,
    SpectrumConfig,
    TrainConfig,
    load_config,
)

KINDS = {
    "train": TrainConfig, "levels": LevelsConfig, "refine": RefineConfig, "sample": SampleConfig,
    "label": LabelConfig, "spectrum": SpectrumConfig,
}  # fmt: skip


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("valid")
    valid_folder(folder)
    return folder


def test_configurations_are_read_or_refused_in_one_line(tmp_path: Path) -> None:
    refused = 0
    for attack in list(configurations())[::10]:
        attack.broken(tmp_path)
        path = tmp_path / f"{attack.command}.yaml"
        line = str(path)
        try:
            load_config(path, KINDS[attack.command])
        except ValueError as error:
            line = str(error)
            refused += 1
        assert line.startswith(str(path)), attack
        assert "\n" not in line, attack
    assert refused > 150


def files() -> list[Attack]:
    headers = [one for one in surfaces() if one.command == "evaluate"]
    drawn = [one for one in damaged(Random(1), 400) if one.command in ("audit", "convert")]
    return [*headers[::4], *drawn[::12]]


def test_damaged_files_are_taken_well(valid: Path, tmp_path: Path) -> None:
    for attack in files():
        outcome = attacked(attack, valid, tmp_path / "work", seconds=30)
        assert outcome.kind in ("clear", "accepted"), outcome


def test_a_conversion_broken_off_anywhere_is_made_the_second_time(
    valid: Path, tmp_path: Path
) -> None:
    """The other commands are broken off by `make attack`."""
    broken = Broken("convert", valid, tmp_path)
    moments = [one for one in interruptions(0, 2) if one.command == "convert"]
    assert {one.way for one in moments} == set(WAYS)
    for one in moments:
        end, words = broken.end(one)
        assert end == "same", (one, words)
