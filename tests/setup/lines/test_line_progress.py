"""Number of lines, memory and time left, as they are said while a list is made."""

import re

import pytest
from turning_water import point_charges, turning

from pes.rovibration.lines import lines
from pes.setup.lines.line_list import line_list
from pes.setup.lines.line_progress import FileClock, allowed_lines
from pes.setup.lines.thermal_levels import ThermalLevels


@pytest.mark.parametrize("molecule", ["O H H", "O H D"])
def test_lines_are_as_many_as_symmetry_and_spins_allow(molecule: str) -> None:
    """Charges in a plane leave out nothing that symmetry allows."""
    rotation = turning(molecule)
    levels = ThermalLevels(rotation)
    made = line_list(rotation, point_charges)
    counted: dict[tuple[int, int], int] = {}
    for some in lines(made.moments, rotation.levels):
        spins = levels.spins[levels.starts[some.upper_j] + some.upper]
        pair = min(some.lower_j, some.upper_j), max(some.lower_j, some.upper_j)
        counted[pair] = counted.get(pair, 0) + int((spins > 0).sum())
    assert counted == allowed_lines(levels)
    assert made.count == sum(counted.values())


def test_what_is_said(tmp_path_factory: pytest.TempPathFactory) -> None:
    said: list[str] = []
    made = line_list(turning("O H H"), point_charges, progress=said.append)
    assert re.fullmatch(
        rf"line list: 48 levels, at most {made.count} lines; at most [\d.]+ GiB in all", said[0]
    )
    assert said[1] == "line list: dipole moments of the J = 0 states, 0 %"
    ending = r"J = 3 of 3; [\d.]+ GiB in all; about \d+ CPU-s left"
    assert re.fullmatch(rf"line list: {made.count} lines, up to {ending}", said[-1])
    said.clear()
    made.save(tmp_path_factory.mktemp("lines"), "h2o", progress=said.append)
    total = made.count + 2 * len(made.spectrum.wavenumbers)
    assert said[-1] == f"files: {total:,} of {total:,} lines written; about 1 CPU-s left"


def test_time_left_of_files_comes_from_their_own_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("pes.setup.lines.line_progress.process_time", iter([0.0, 10.0]).__next__)
    FileClock(1000, said.append).wrote(250)
    assert said == ["files: 250 of 1,000 lines written; about 30 CPU-s left"]
