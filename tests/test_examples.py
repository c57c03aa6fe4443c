"""The examples run and say something true."""

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from pes.potential.analytic import WaterPJT
from pes.potential.storage import SurfaceRecord, save_surface
from pes.run.levels.command import run_levels
from pes.units import ANGSTROM

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_own_surface(tmp_path: Path) -> None:
    settings = ("convergence=false", "threads=1")
    folder = run_levels(
        config=EXAMPLES / "own_surface.yaml", output=tmp_path / "levels", settings=settings
    )
    found = np.genfromtxt(folder / "levels.csv", delimiter=",", names=True, dtype=None)
    # Its bend and stretches are those of water to within a few per cent.
    assert found["energy"][0] == 0
    assert 1500 < found["energy"][1] < 1750
    assert len(found) == 10


def test_five_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # From 0.8 Å up: the ranges end where the training points do.
    lengths = torch.tensor([0.8, 0.96, 1.6], dtype=torch.float64)[:, None, None]
    geometries = torch.eye(3, dtype=torch.float64) * ANGSTROM * lengths
    record = SurfaceRecord(("O", "H", "H"), (0.0, 1.0), "none", geometries)
    save_surface(tmp_path / "water.safetensors", WaterPJT(), record)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["five_lines.py", "water.safetensors"])
    runpy.run_path(str(EXAMPLES / "five_lines.py"), run_name="__main__")
    assert capsys.readouterr().out.startswith(
        "LevelsResult(H2O: 5 levels, zero-point energy 4634.7"
    )
    content = json.loads((tmp_path / "five_lines" / "levels.json").read_text())
    energies = [row["energy"] for row in content["levels"]]
    # Literature levels, doi:10.1063/1.472501; the default basis is good to 0.01 cm⁻¹.
    assert energies == pytest.approx([0, 1594.659, 3151.494, 3657.110, 3755.830], abs=0.02)
    # dE₀/dm of oxygen by central differences, −8.36679 cm⁻¹/u.
    assert content["derivatives"]["m[0:O] (cm-1/u)"][0] == pytest.approx(-8.367, abs=0.01)
