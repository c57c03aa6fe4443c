"""Errors of a surface on points, as a Python user asks for them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import pes
from pes import cli
from pes.data import Dataset, write
from pes.descriptors import Invariants
from pes.potential import Ensemble, SurfaceRecord, linear_surface, save_surface
from pes.potential.analytic import WaterPJT
from pes.units import CM1

Water = Callable[..., Dataset]


def ensemble(path: Path, points: Dataset) -> None:
    """Two members that differ, with the training points that they came from."""
    members = [
        linear_surface(Invariants(("O", "H", "H"), 3), part.positions, part.energies)
        for part in (points.select(slice(0, 30)), points.select(slice(10, 40)))
    ]
    span = float(points.energies.min()), float(points.energies.max())
    record = SurfaceRecord(points.symbols, span, points.sha256, points.positions[:40])
    save_surface(path, Ensemble(members), record)


def numbers(folder: Path) -> dict:
    """Content of evaluation.json without what the clock says."""
    found = json.loads((folder / "evaluation.json").read_text())
    if found["holes"] is not None:
        del found["holes"]["seconds"]
    return found


def test_a_script_writes_what_the_command_writes(work: Path, water: Water) -> None:
    write(work / "water.h5", water(forces=True))
    ensemble(work / "two.safetensors", water())
    cli.evaluate(["two.safetensors", "water.h5", "--holes", "512", "--device", "cpu"])
    theirs = work / "evaluation-water"

    ours = pes.evaluate("two.safetensors", "water.h5", holes=512).save("mine")

    assert numbers(ours) == numbers(theirs)
    assert numbers(ours)["calibration"] is not None
    names = {p.name for p in theirs.iterdir()} - {"evaluation.log"}
    assert {p.name for p in ours.iterdir()} == names
    assert "holes.xyz" in names
    for name in names - {"evaluation.json"}:
        assert (ours / name).read_bytes() == (theirs / name).read_bytes(), name


def test_it_prints_what_the_command_prints(
    work: Path, water: Water, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.evaluate(["water_pjt1996", "water.h5", "--holes", "0", "--device", "cpu"])
    _, *printed = capsys.readouterr().out.splitlines()  # the first line is the environment
    evaluation = pes.evaluate("water_pjt1996", work / "water.h5", holes=0)
    expected = str(evaluation).splitlines()
    assert printed[0] == "water_pjt1996 on water.h5: 60 points"
    assert printed[1:] == expected[1:]


def test_a_known_error(water: Water) -> None:
    points = water()
    shifted = Dataset(points.symbols, points.positions, points.energies + 2 * CM1)
    evaluation = pes.evaluate(WaterPJT(), shifted, windows=(8000,), holes=0)
    assert set(evaluation.errors["energy"]["rmse"]) == {"all", "8000"}
    # Rounding of energies below 0.2 hartree, 3e-17, is 6e-12 cm-1.
    assert evaluation.errors["energy"]["max"]["all"] == pytest.approx(2.0, abs=1e-9)
    assert repr(evaluation) == ("Evaluation(60 points of H2O: RMSE 2 cm-1, largest error 2 cm-1)")
    assert "<td>&lt; 8000 cm-1</td>" in evaluation._repr_html_()


def test_points_of_another_molecule(water: Water) -> None:
    points = water()
    other = Dataset(("H", "O", "H"), points.positions, points.energies)
    with pytest.raises(ValueError, match="the atoms are H O H, the surface is for O H H"):
        pes.evaluate("water_pjt1996", other)


def test_a_saved_evaluation_leaves_no_old_pictures(work: Path, water: Water) -> None:
    ensemble(work / "two.safetensors", water())
    folder = pes.evaluate("two.safetensors", water(), holes=0).save(work / "same")
    assert (folder / "calibration.png").is_file()
    pes.evaluate("water_pjt1996", water(), holes=0).save(folder)
    assert not (folder / "calibration.png").exists()
    assert numbers(folder)["errors"]["energy"]["max"]["all"] == 0
