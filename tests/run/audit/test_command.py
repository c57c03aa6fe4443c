"""What a user learns from `pes-audit`."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from pes import cli
from pes.data import Dataset, write
from pes.units import EV

Water = Callable[..., Dataset]
Refusal = Callable[..., str]


def audited(work: Path, points: Dataset, code: int = 0) -> dict:
    """Content of audit.json after a command that ends with a code."""
    write(work / "water.h5", points)
    if code:
        with pytest.raises(SystemExit) as end:
            cli.audit(["water.h5", "--overwrite"])
        assert end.value.code == code
    else:
        cli.audit(["water.h5", "--overwrite"])
    return json.loads((work / "audit-water" / "audit.json").read_text())


def test_a_sound_file(work: Path, water: Water, capsys: pytest.CaptureFixture[str]) -> None:
    content = audited(work, water(forces=True))
    assert {p.name for p in (work / "audit-water").iterdir()} == {
        "audit.csv", "audit.json", "audit.log", "energies.png",
    }  # fmt: skip
    assert content["findings"] == []
    assert content["points"] == 60
    said = capsys.readouterr().out
    assert "60 points of H2O (O H H), energies, forces" in said
    assert said.splitlines()[-1] == "verdict: nothing looks wrong"
    low, high = content["distances_angstrom"]["H-O"]
    assert 0.8 <= low < high <= 1.25


def test_warnings_end_with_code_3_and_all_rows_stand_in_a_table(
    work: Path, water: Water, capsys: pytest.CaptureFixture[str]
) -> None:
    twice = water().select([*range(60), 5, 6])
    assert audited(work, twice, 3)["severity"] == "warning"
    assert "warning: copies: 4 of 62 points" in capsys.readouterr().out
    with (work / "audit-water" / "audit.csv").open(newline="") as file:
        assert sorted(int(row["row"]) for row in csv.DictReader(file)) == [5, 6, 60, 61]


def test_errors_end_with_code_4_and_come_first(
    work: Path, water: Water, capsys: pytest.CaptureFixture[str]
) -> None:
    points = water(forces=True).select([*range(60), 5])
    assert points.forces is not None
    content = audited(work, replace(points, forces=-points.forces), 4)
    assert [f["kind"] for f in content["findings"]] == ["force sign", "copies"]
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == "verdict: do not fit these points: force sign"
    assert said[-3].startswith("error: force sign")


def test_any_format_with_its_units(
    work: Path, water: Water, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["r1,r2,theta,E", "0.95,0.96,104,0", "1.0,0.97,100,2500"]
    (work / "h2o.csv").write_text("\n".join([*lines, ""]))
    statements = ["--formula", "O H D", "--units", "energy=cm-1,length=angstrom,angle=degree"]
    with pytest.raises(SystemExit):  # two points are no well
        cli.audit(["h2o.csv", *statements])
    assert "2 points of H2O (O H D)" in capsys.readouterr().out


def test_one_point_is_enough(work: Path, water: Water) -> None:
    assert audited(work, water().select([0]))["points"] == 1


def test_mistakes(work: Path, refusal: Refusal) -> None:
    assert "no such file" in refusal(cli.audit, ["none.h5"])
    cli.audit(["water.h5"])
    assert "holds a finished run" in refusal(cli.audit, ["water.h5"])
    torch.save({}, work / "other.pt")
    assert "other.pt" in refusal(cli.audit, ["other.pt"])


def test_a_training_refuses_what_an_audit_calls_an_error(
    work: Path, water: Water, refusal: Refusal, pes_train: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    points = water(points=60)
    write(work / "water.h5", replace(points, energies=points.energies / EV))
    line = refusal(pes_train)
    assert "water.h5: error: energy unit" in line
    assert "they look like eV called hartree" in line
    assert "`data.audit: warn` fits all the same" in line
    run = pes_train("--set", "data.audit=warn", "--set", "training.epochs=1")
    assert "error: energy unit" in (run / "train.log").read_text()
