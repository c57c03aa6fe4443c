"""`pes-levels` for several values of a number."""

import csv
import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

Command = Callable[..., Path]

BUMP = {"coordinate": "r1", "centre": 0.96, "width": 0.05}


def test_a_parameter_and_a_perturbation(
    pes_levels: Command, capsys: pytest.CaptureFixture[str], refusal: Callable[..., str]
) -> None:
    """Tables side by side; energies move as the derivatives by the strength say."""
    several = {"parameter": "r_e", "values": [0.957, 0.958]}
    folder = pes_levels(sweep=several)
    names = {path.name for path in folder.iterdir()} - {".lock"}
    assert names == {"config.yaml", "levels.log", "sweep.csv", "sweep.json"}
    assert "0.957" in capsys.readouterr().out
    assert json.loads((folder / "sweep.json").read_text())["parameter_unit"] == "A"
    assert "holds a finished run" in refusal(pes_levels, sweep=several)
    assert "holds levels of a sweep" in refusal(pes_levels, "--overwrite")
    kappa = {"parameter": "bump", "values": [0, 10, 20]}
    folder = pes_levels("--overwrite", sweep=kappa, sensitivities={"perturbations": {"bump": BUMP}})
    with (folder / "sweep.csv").open(newline="") as file:
        zero = next(csv.DictReader(file))
    first, second = (float(zero["10"]) - float(zero["0"]), float(zero["20"]) - float(zero["10"]))
    # A bump of 10 cm⁻¹ at the minimum, which energies count from: elsewhere it is lower.
    assert -10 < first < -3
    assert second == pytest.approx(first, rel=0.02)


def test_rotation_and_lines_of_each_value(
    pes_levels: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    """Longer bonds have smaller rotational constants: dB/B = -2 dr/r."""
    folder = pes_levels(
        sweep={"parameter": "r_e", "values": [0.957, 0.96]}, J=[0, 1], levels=2,
        spectrum={"dipole": "turning_water:point_charges"},
    )  # fmt: skip
    rows = list(csv.DictReader((folder / "sweep_rotation.csv").read_text().splitlines()))
    ground = [row for row in rows if row["label"] == "0 0 0" and row["J"] == "1"]
    assert len(ground) == 3
    for row in ground:
        moved = float(row["0.96"]) / float(row["0.957"]) - 1
        # The mean bond is longer than r_e, and moves as much.
        assert moved == pytest.approx(-2 * 0.003 / 0.957, rel=0.1)
        assert float(row["shift 0.96"]) == pytest.approx(float(row["0.96"]) - float(row["0.957"]))
    assert (folder / "0.957" / "0.957.states").is_file()
    assert (folder / "0.96" / "rovibrational.csv").is_file()
    assert capsys.readouterr().out.count("the strongest at 296 K") == 2


def test_refusals(pes_levels: Command, refusal: Callable[..., str]) -> None:
    one = {"parameter": "r_e", "values": [0.957]}
    alone = refusal(pes_levels, sweep=one, J=[1], workers="processes")
    assert "levels with J > 0 are calculated by workers of dask or queue" in alone
    lines = {"dipole": "turning_water:point_charges"}
    assert "needs a `J` above 0" in refusal(pes_levels, sweep=one, spectrum=lines)
    assert "`workers` calculate values" in refusal(pes_levels, workers="processes")
    assert "nothing" in refusal(pes_levels, sweep={"parameter": "nothing", "values": [1.0]})
    two = [["O", "H", "H"], ["O", "H", "D"]]
    assert "workers of dask" in refusal(pes_levels, molecule=two, workers="processes")
    assert "`sweep` is for one molecule" in refusal(pes_levels, molecule=two, sweep=one)


@pytest.mark.skipif(find_spec("dask_jobqueue") is None, reason="dask-jobqueue is not installed")
@pytest.mark.filterwarnings("ignore")  # of distributed about its sockets
@pytest.mark.slow
def test_dask(pes_levels: Command, tmp_path: Path) -> None:
    """A sweep and isotopologues on a cluster of two processes."""
    workers = {"kind": "dask", "count": 2}
    several = {"parameter": "r_e", "values": [0.957, 0.958]}
    here = pes_levels("--output", tmp_path / "here", sweep=several)
    there = pes_levels("--output", tmp_path / "there", sweep=several, workers=workers)
    assert (tmp_path / "here/sweep.csv").read_bytes() == (tmp_path / "there/sweep.csv").read_bytes()
    turning = {"sweep": several, "J": [0, 1], "levels": 2}
    pes_levels("--output", tmp_path / "alone", **turning)
    pes_levels("--output", tmp_path / "spread", workers=workers, **turning)
    one, other = (tmp_path / name / "sweep_rotation.csv" for name in ("alone", "spread"))
    assert one.read_bytes() == other.read_bytes()
    assert (tmp_path / "spread" / "0.958" / "rovibrational.csv").is_file()
    two = [["O", "H", "H"], ["O", "H", "D"]]
    pes_levels("--output", tmp_path / "two", molecule=two, workers=workers)
    pes_levels("--output", tmp_path / "both", molecule=two)
    assert (here, there) != (None, None)
    one, other = (
        list(csv.DictReader((tmp_path / name / "isotopologues.csv").open(newline="")))
        for name in ("two", "both")
    )
    assert [row["label"] for row in one] == [row["label"] for row in other]
    for mine, theirs in zip(one, other, strict=True):
        assert float(mine["shift O H D"]) == pytest.approx(
            float(theirs["shift O H D"]), abs=1e-6, nan_ok=True
        )
