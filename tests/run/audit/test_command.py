"""What a user learns from `pes-audit`."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pes import cli
from pes.data import Dataset, write
from pes.units import ANGSTROM

Water = Callable[..., Dataset]
Refusal = Callable[..., str]


def told(work: Path, points: Dataset) -> dict:
    write(work / "water.h5", points)
    cli.audit(["water.h5", "--overwrite"])
    return json.loads((work / "audit-water" / "audit.json").read_text())


def test_a_sound_file(work: Path, water: Water, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(work, water(forces=True))
    assert {p.name for p in (work / "audit-water").iterdir()} == {
        "audit.json", "audit.log", "energies.png",
    }  # fmt: skip
    assert found["findings"] == []
    assert found["points"] == 60
    assert found["forces"].startswith("forces agree")
    said = capsys.readouterr().out
    assert "60 points of H2O (O H H), energies, forces" in said
    assert "nothing looks wrong" in said
    low, high = found["distances_angstrom"]["H-O"]
    assert 0.8 <= low < high <= 1.25


def test_what_looks_wrong_is_told_and_is_no_failure(work: Path, water: Water) -> None:
    points = water(forces=True)
    assert points.forces is not None
    twice = points.select([*range(60), 5])
    positions = twice.positions.clone()
    positions[60] = positions[60][[0, 2, 1]]
    energies = (twice.energies * 1e4).round() / 1e4
    found = told(work, replace(twice, positions=positions, energies=energies, forces=None))
    text = " ".join(found["findings"])
    assert "rows 5, 60 are symmetry copies" in text
    assert "rounded to steps of 21.9 cm-1" in text
    assert "gradients" in told(work, replace(points, forces=-points.forces))["forces"]
    small = replace(points, positions=points.positions / ANGSTROM, forces=None)
    assert "unit of the positions" in " ".join(told(work, small)["findings"])
    flat = replace(points, energies=1e-6 * points.energies, forces=None)
    assert "is their unit right?" in " ".join(told(work, flat)["findings"])


def test_one_point_is_enough(work: Path, water: Water) -> None:
    assert told(work, water().select([0]))["points"] == 1


def test_mistakes(work: Path, refusal: Refusal) -> None:
    assert "no such file" in refusal(cli.audit, ["none.h5"])
    cli.audit(["water.h5"])
    assert "holds a finished run" in refusal(cli.audit, ["water.h5"])
    torch.save({}, work / "other.pt")
    assert "other.pt" in refusal(cli.audit, ["other.pt"])
