"""The examples run and say something true."""

import subprocess
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


def test_five_lines(tmp_path: Path) -> None:
    positions = (
        torch.eye(3, dtype=torch.float64)[None] * ANGSTROM * torch.tensor([[[1.0]], [[1.1]]])
    )
    record = SurfaceRecord(("O", "H", "H"), (0.0, 1.0), "none", positions)
    save_surface(tmp_path / "water.safetensors", WaterPJT(), record)
    run = subprocess.run(
        [sys.executable, EXAMPLES / "five_lines.py", tmp_path / "water.safetensors"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    lines = run.stdout.splitlines()
    # Literature levels, doi:10.1063/1.472501; this small basis is good to about 0.1 cm⁻¹.
    assert float(lines[0].split()[2]) == pytest.approx(4634.765, abs=0.1)
    energies = [float(line.split()[1]) for line in lines[1:6]]
    assert energies == pytest.approx([0, 1594.659, 3151.494, 3657.110, 3755.830], abs=0.3)
    # dE₀/dm of oxygen by central differences, −8.36679 cm⁻¹/u.
    assert float(lines[1].split("dE/dm")[1].split(",")[0]) == pytest.approx(-8.367, abs=0.01)
