"""`pes-check-gradients`: files and exit codes."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pes import cli

WRONG = """
from torch import nn

class Wrong(nn.Module):
    symbols = ("O", "H", "H")
    reference = [[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]]

    def forward(self, x):
        energy = ((x[:, 1:] - x[:, :1]).norm(dim=-1) - 1.8).square().sum(1)
        return energy + (energy - energy.detach())

potential = Wrong()
"""


def test_files(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.check_gradients(["water_pjt1996", "--points", "water.h5", "--geometries", "3"])
    shown = capsys.readouterr().out
    assert "water_pjt1996 at 3 geometries of H2O" in shown
    assert "verdict: the analytic forces agree" in shown
    rows = list(csv.DictReader(Path("gradients/gradients.csv").read_text().splitlines()))
    assert list(rows[0]) == ["step_bohr", "central_hartree_bohr", "forward_hartree_bohr"]
    content = json.loads(Path("gradients/gradients.json").read_text())
    assert content["kind"] == "agree"
    assert Path("gradients/gradients.png").is_file()
    with pytest.raises(SystemExit) as end:
        cli.check_gradients(["water_pjt1996"])
    assert end.value.code == 2
    assert "gradients holds a finished run" in capsys.readouterr().err


def test_wrong_forces_are_an_error(work: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("wrong.py").write_text(WRONG)
    with pytest.raises(SystemExit) as end:
        cli.check_gradients(["wrong.py:potential", "--output", "checked"])
    assert end.value.code == 4
    assert "they are 2 times the numerical ones" in capsys.readouterr().out


def test_refusals(work: Path, refusal: Callable[..., str]) -> None:
    assert "'nowhere' is not a run folder" in refusal(cli.check_gradients, ["nowhere"])
    line = refusal(cli.check_gradients, ["water_pjt1996", "--points", "none.h5"])
    assert "none.h5: no such file" in line
    assert not Path("gradients").exists()
