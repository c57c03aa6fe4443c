"""Errors of a surface on points, as a table, a file and a picture."""

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path

import ase.io
import pytest
import torch
from torch import nn

import pes
from pes import cli
from pes.data import Dataset, write
from pes.descriptors import Invariants
from pes.potential import Ensemble, LinearSurface, SurfaceRecord, linear_surface, save_surface
from pes.units import ANGSTROM, CM1

DATA = Path(__file__).parents[3] / "data" / "h2o_ccsdt_vtz.h5"
Command = Callable[..., Path]
Refusal = Callable[..., str]


def read(folder: Path) -> dict:
    return json.loads((folder / "evaluation.json").read_text())


def test_a_surface_on_its_own_points(work: Path) -> None:
    cli.evaluate(["water_pjt1996", "water.h5", "--device", "cpu"])
    folder = work / "evaluation-water"
    assert {p.name for p in folder.iterdir()} == {
        "evaluation.json", "evaluation.log", "errors.png", "predictions.csv", "worst.xyz",
    }  # fmt: skip
    # The same program on the same numbers.
    assert read(folder)["errors"]["energy"]["max"]["all"] == 0
    with (folder / "predictions.csv").open(newline="") as file:
        assert [int(row["row"]) for row in csv.DictReader(file)] == list(range(60))


def test_a_search_for_holes_reports_its_progress_in_a_log(
    work: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pes.run.evaluate.command.QUIET", 0.0)
    cli.evaluate(["water_pjt1996", "water.h5", "--device", "cpu", "--holes", "256"])
    lines = re.findall(r"search for holes: ([\d,]+) energies", capsys.readouterr().out)
    counts = [int(count.replace(",", "")) for count in lines]
    assert counts[-1] >= 100
    assert counts == sorted(counts)


def test_a_training_reports_the_same_errors_again(pes_train: Command, work: Path) -> None:
    run = pes_train("--set", "training.epochs=2")
    cli.evaluate([str(run), "water.h5", "--device", "cpu"])
    trained = json.loads((run / "summary.json").read_text())
    found = read(run / "evaluation-water")["errors"]
    assert found["points"]["count"]["all"] == 60
    worst = max(trained["errors"][part]["energy"]["max"]["all"] for part in trained["points"])
    # Sums over other numbers of rows round differently.
    assert found["energy"]["max"]["all"] == pytest.approx(worst, rel=1e-9)


def test_a_table_needs_its_units(work: Path, refusal: Refusal) -> None:
    (work / "h2o.csv").write_text("r1,r2,theta,E\n0.95,0.96,104,0\n1.0,0.97,100,2500\n")
    command = ["water_pjt1996", "h2o.csv", "--holes", "0", "--formula", "O H H"]
    assert "does not say the unit" in refusal(cli.evaluate, command)
    cli.evaluate([*command, "--units", "energy=cm-1,length=angstrom,angle=degree"])
    assert read(work / "evaluation-h2o")["errors"]["points"]["count"]["all"] == 2


def test_what_the_training_stated_of_its_file_holds_for_another(
    work: Path, capsys: pytest.CaptureFixture[str], refusal: Refusal
) -> None:
    run = work / "run"
    run.mkdir()
    record = SurfaceRecord(("O", "H", "H"), (0.0, 0.1), "", torch.zeros(0, 3, 3).double())
    save_surface(run / "surface.safetensors", LinearSurface(Invariants(record.symbols, 2)), record)
    stated = "{file: own.csv, formula: [O, H, H], columns: [r1, r2, theta, energy], " \
        "units: {energy: cm-1, length: angstrom, angle: degree}}"  # fmt: skip
    (run / "config.yaml").write_text(f"data: {stated}\n")
    (run / "summary.json").write_text("{}")
    for name in ("other.csv", "other.dat"):
        (work / name).write_text("0.95,0.96,104,0\n1.0,0.97,100,2500\n")
    cli.evaluate([str(run), "other.csv", "--holes", "0"])
    assert "other.csv is read with the formula, columns, units of" in capsys.readouterr().out
    assert read(run / "evaluation-other")["errors"]["points"]["count"]["all"] == 2
    assert "state" in refusal(cli.evaluate, [str(run), "other.dat"])
    assert "state" in refusal(cli.evaluate, [str(run), "other.csv", "--formula", "O H D"])


def test_a_plain_function_on_points_with_forces(
    work: Path, water: Callable[..., Dataset], refusal: Refusal
) -> None:
    points = water(forces=True)
    write(work / "water.h5", points)
    height = points.positions[3, 2].abs().sum().item()
    (work / "own.py").write_text(
        "import numpy as np\n"
        "def zero(x): return np.zeros(len(x))\n"
        "def matrix(x): return np.zeros((len(x), 1))\n"
        f"def hole(x): return np.where(abs(abs(x[:, 2]).sum(1) - {height!r}) < 1e-9, np.nan, 0.0)\n"
    )
    cli.evaluate(["own.py:zero", "water.h5"])
    errors = read(work / "evaluation-water")["errors"]
    assert errors["force"]["rmse"]["all"] is None
    again = ["water.h5", "--overwrite"]
    assert "returned shape (7, 1) for 7 geometries" in refusal(
        cli.evaluate, ["own.py:matrix", *again]
    )
    assert "first at row 3" in refusal(cli.evaluate, ["own.py:hole", *again])
    assert "holds a finished run" in refusal(cli.evaluate, ["own.py:zero", "water.h5"])
    assert read(work / "evaluation-water")["errors"] == errors


def stored(path: Path, surface: nn.Module, points: Dataset) -> None:
    span = float(points.energies.min()), float(points.energies.max())
    record = SurfaceRecord(points.symbols, span, points.sha256, points.positions)
    save_surface(path, surface, record)


def shifted(surface: LinearSurface, height: float) -> LinearSurface:
    other = LinearSurface(surface.descriptor)
    other.load_state_dict(surface.state_dict())
    with torch.no_grad():
        other.shift += height
    return other


def linear(points: Dataset) -> LinearSurface:
    return linear_surface(Invariants(("O", "H", "H"), 3), points.positions, points.energies)


def test_a_wrong_label_is_the_worst_point_with_its_geometry(
    work: Path, water: Callable[..., Dataset]
) -> None:
    points = water(forces=True)
    stored(work / "a.safetensors", linear(points.select(range(0, 60, 2))), points)
    energies = points.energies.clone()
    energies[41] += 1e5 * CM1
    wrong = Dataset(points.symbols, points.positions, energies, forces=points.forces)
    write(work / "water.h5", wrong)
    cli.evaluate(["a.safetensors", "water.h5"])
    folder = work / "evaluation-water"
    frame = ase.io.read(folder / "worst.xyz", index=0)
    assert frame.info["row"] == read(folder)["worst_rows"][0] == 41
    # All digits are written.
    assert abs(torch.from_numpy(frame.positions) * ANGSTROM - points.positions[41]).max() < 1e-14
    with (folder / "predictions.csv").open(newline="") as file:
        row = list(csv.DictReader(file))[41]
    assert float(row["prediction_minus_label_cm1"]) == pytest.approx(-1e5, rel=0.1)
    assert float(row["prediction_minus_label_cm1"]) == frame.info["prediction_minus_label_cm1"]
    assert float(row["nearest_training"]) == 0
    report = read(folder)["errors"]["force"]["rmse"]["all"]
    with (folder / "predictions.csv").open(newline="") as file:
        norms = [float(r["force_error_norm_cm1_angstrom"]) for r in csv.DictReader(file)]
    # The norm of nine components against their root mean square.
    assert report == pytest.approx((sum(n**2 for n in norms) / 60 / 9) ** 0.5, rel=1e-9)
    text = (folder / "evaluation.log").read_text()
    assert "training points           60 points" in text
    assert "others" not in text


def test_extrapolation_is_told(work: Path, water: Callable[..., Dataset]) -> None:
    points = water()
    near = points.select(points.energies < points.energies.min() + 8000 * CM1)
    stored(work / "a.safetensors", linear(near), near)
    cli.evaluate(["a.safetensors", "water.h5"])
    lines = (work / "evaluation-water" / "evaluation.log").read_text().splitlines()

    def rmse(start: str) -> float:
        return float(next(line for line in lines if line.startswith(start)).split()[-2])

    inside = rmse("training points")
    assert rmse("new, nearest > 1") > 10 * inside


def test_spread_of_an_ensemble_is_judged_by_new_points(
    work: Path, water: Callable[..., Dataset]
) -> None:
    points, some = water(), water().select(range(40))
    surface = linear(points)
    # Members 3 and 1 cm⁻¹ too high: the mean is off by 2, their spread is √2.
    members = [shifted(surface, height * CM1) for height in (3.0, 1.0)]
    stored(work / "two.safetensors", Ensemble(members), some)
    wanted = Dataset(points.symbols, points.positions, surface(points.positions).detach())
    write(work / "water.h5", wanted)
    cli.evaluate(["two.safetensors", "water.h5"])
    found = read(work / "evaluation-water")["calibration"]["all"]
    assert found["points"] == 20
    # Rounding of energies near −76 hartree, 1e-14, is 3e-9 cm⁻¹.
    assert found["spread"] == pytest.approx(2**0.5, abs=1e-6)
    assert (found["within_1"], found["within_2"]) == (0.0, 1.0)
    assert (work / "evaluation-water" / "calibration.png").is_file()
    write(work / "water.h5", wanted.select(range(30)))
    cli.evaluate(["two.safetensors", "water.h5", "--overwrite"])
    assert read(work / "evaluation-water")["calibration"] is None
    assert not (work / "evaluation-water" / "calibration.png").exists()


def test_holes_are_reported_with_geometry(work: Path) -> None:
    wide = pes.read(DATA)
    wild = linear_surface(Invariants(("O", "H", "H"), 8), wide.positions, wide.energies)
    stored(work / "wild.safetensors", wild, wide)
    cli.evaluate(["wild.safetensors", "water.h5", "--holes", "2048"])
    found = read(work / "evaluation-water")["holes"]
    frames = ase.io.read(work / "evaluation-water" / "holes.xyz", index=":")
    assert len(frames) == len(found["below_minimum"]) > 0
    near = [place["nearest_training"] for place in found["below_minimum"]]
    assert near == sorted(near)
    x = torch.stack([torch.from_numpy(frame.positions) * ANGSTROM for frame in frames])
    depths = (wild(x) - found["minimum_hartree"]).tolist()
    told = [frame.info["above_minimum_cm1"] * CM1 for frame in frames]
    assert told == pytest.approx(depths, rel=1e-9)
    assert max(told) < 0
    cli.evaluate(["wild.safetensors", "water.h5", "--holes", "0", "--overwrite"])
    assert read(work / "evaluation-water")["holes"] is None
    assert not (work / "evaluation-water" / "holes.xyz").exists()


def test_a_number_of_holes_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.evaluate(["water_pjt1996", "water.h5", "--holes", "-3"])
    assert end.value.code == 2
    assert "0 or more, got '-3'" in capsys.readouterr().err
