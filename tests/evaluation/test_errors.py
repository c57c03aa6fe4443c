"""Errors of a surface on points, as a Python user asks for them."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import pes
from pes import cli
from pes.data import Dataset, write
from pes.descriptors import Invariants
from pes.potential import Ensemble, SurfaceRecord, linear_surface, save_surface
from pes.potential.analytic import WaterPJT
from pes.units import ANGSTROM, CM1

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


def test_parts_of_a_fit_are_told_apart_in_a_rounded_and_renumbered_file(
    work: Path, water: Water, capsys: pytest.CaptureFixture[str]
) -> None:
    points = water()
    fit = pes.train(points.select(slice(0, 50)), form=pes.LinearForm(degree=2))
    fit.save(work / "run")
    positions = (points.positions[:, [0, 2, 1]] / ANGSTROM).round(decimals=8) * ANGSTROM
    # Errors of 1, 2, 3 and 4 cm⁻¹ by part, whatever the surface is.
    offset = torch.full((60,), 4.0, dtype=torch.float64)
    for error, part in enumerate(("train", "validation", "test"), start=1):
        offset[getattr(fit.plan.parts, part)] = error
    with torch.no_grad():
        energies = fit.surface(positions) - offset * CM1
    write(work / "other.h5", Dataset(points.symbols, positions, energies))

    evaluation = pes.evaluate(work / "run", work / "other.h5", holes=0)

    reports = evaluation.errors_by_part
    counts = {part: report["points"]["count"]["all"] for part, report in reports.items()}
    assert counts == {"train": 40, "validation": 5, "test": 5, "unseen": 10}
    for measure in ("rmse", "mae", "median", "max"):
        errors = [reports[part]["energy"][measure]["all"] for part in counts]
        # Rounding of energies near −76 hartree, 1e-14, is 3e-9 cm⁻¹.
        assert errors == pytest.approx([1, 2, 3, 4], abs=1e-6)
    assert evaluation.points.is_new.sum() == 15
    assert "errors at points that were not used in the fit:" in str(evaluation)
    folder = evaluation.save(work / "parts")
    assert (folder / "predictions.csv").read_text().count(",unseen,") == 10


def test_a_surface_of_an_earlier_version_knows_its_training_points(
    work: Path, water: Water
) -> None:
    ensemble(work / "two.safetensors", water())
    reports = pes.evaluate("two.safetensors", water(), holes=0).errors_by_part
    assert {part: r["points"]["count"]["all"] for part, r in reports.items()} == {
        "train": 40, "unseen": 20,
    }  # fmt: skip
    assert not pes.evaluate("water_pjt1996", water(), holes=0).errors_by_part


def test_a_data_set_in_angstrom_is_doubted(water: Water) -> None:
    points = replace(water(), positions=water().positions / ANGSTROM)
    with pytest.warns(UserWarning, match="these positions look like Å") as warned:
        pes.evaluate("water_pjt1996", points, holes=0)
    assert warned[0].filename == __file__
