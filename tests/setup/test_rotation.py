"""Levels with rotation as a Python user and `pes-levels` get them."""

import csv
from pathlib import Path

import pytest
import yaml

import pes
from pes import cli
from pes.setup.rotation import ROVIBRATIONAL_CSV, Rotation

RANGES = {"r1": (0.7, 1.4), "r2": (0.7, 1.4), "theta": (50.0, 175.0)}
SETTINGS = {
    "name": "turning", "device": "cpu", "surface": "water_pjt1996", "molecule": ["O", "H", "H"],
    "levels": 3, "coordinates": {"ranges": {name: list(ends) for name, ends in RANGES.items()}},
    "basis": {"all": {"functions": 6, "points": 9, "primitives": 30}}, "convergence": False,
}  # fmt: skip


@pytest.fixture(scope="module")
def water() -> pes.LevelsResult:
    basis = {"all": pes.BasisSize(None, 6, 9, 30)}
    return pes.levels("water_pjt1996", count=3, ranges=RANGES, basis=basis, convergence=False)


@pytest.fixture(scope="module")
def turning(water: pes.LevelsResult) -> Rotation:
    return water.rotation([0, 1])


def test_table(turning: Rotation, water: pes.LevelsResult) -> None:
    assert [row["energy"] for row in turning.table] == sorted(r["energy"] for r in turning.table)
    still = [row["energy"] for row in turning.table if row["J"] == 0]
    assert still == pytest.approx(water.energies.tolist(), abs=1e-6)
    assert len(turning.table) == 3 + 3 * 3
    first = turning.table[1]
    assert (first["J"], first["Ka"], first["Kc"], first["v1 v2 v3"]) == (1, 0, 1, "0 0 0")
    # Sizes for a test: the level is right to 0.05.
    assert first["energy"] == pytest.approx(23.79, abs=0.05)


def test_texts(turning: Rotation) -> None:
    assert repr(turning).startswith("Rotation(H2O: 12 levels, J = 0 to 1, conv up to ")
    assert "the lowest 2 of 12 levels with rotation from 60 J = 0 states" in turning.lines(2)[0]
    assert "<td>B1</td>" in turning._repr_html_()


def test_the_command_writes_what_python_writes(work: Path, turning: Rotation) -> None:
    (work / "levels.yaml").write_text(yaml.safe_dump({**SETTINGS, "J": [0, 1]}))
    cli.levels(["--config", "levels.yaml"])
    theirs = work / "runs" / "turning" / ROVIBRATIONAL_CSV
    assert theirs.read_bytes() == (turning.save(work / "mine") / ROVIBRATIONAL_CSV).read_bytes()
    with theirs.open(newline="") as file:
        assert next(csv.DictReader(file))["irrep"] == "A1"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"J": [-1]}, "`J.0`: must be at least 0"),
        ({"J": [1], "rotation": {"frame": "mine"}}, "rotation.frame"),
        ({"J": [1], "surface": "carbon_dioxide_model", "molecule": ["C", "O", "O"],
          "coordinates": {}, "basis": {}}, "CO2 is linear at its minimum"),
    ],
)  # fmt: skip
def test_refused_before_the_levels_are_computed(
    work: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, object], message: str
) -> None:
    (work / "levels.yaml").write_text(yaml.safe_dump({**SETTINGS, **changes}))
    with pytest.raises(SystemExit) as stop:
        cli.levels(["--config", "levels.yaml"])
    assert stop.value.code == 2
    assert message in capsys.readouterr().err
    assert not (work / "runs").exists()
