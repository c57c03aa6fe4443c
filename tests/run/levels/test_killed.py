"""SIGKILL in the middle of the Davidson iterations costs no more than the iterations since."""

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

PROGRAM = Path(__file__).with_name("killed_levels.py")
CONFIG = {
    "name": "water", "surface": "water_pjt1996", "device": "cpu", "threads": 1, "levels": 12,
    "solver": "davidson", "convergence": False, "sensitivities": {"masses": False},
    "basis": {"all": {"functions": 12, "points": 14, "primitives": 34}},
    "coordinates": {"ranges": {"r1": [0.65, 1.75], "r2": [0.65, 1.75], "theta": [10, 180]}},
}  # fmt: skip


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks its calculations")
def test_goes_on_after_a_kill(tmp_path: Path) -> None:
    """Of two blocks at once."""
    (tmp_path / "water.yaml").write_text(yaml.safe_dump(CONFIG))
    command = [sys.executable, PROGRAM, "6"]
    run = subprocess.run(command, cwd=tmp_path, text=True, capture_output=True)
    assert run.stdout.splitlines()[-1] == f"0 {-signal.SIGKILL} 0", run.stderr
    assert "going on from run/levels.state after" in run.stdout
    assert not (tmp_path / "run" / "levels.state").exists()
    # Residuals of 2e-9 hartree leave far less than 1e-6 cm-1.
    assert energies(tmp_path / "run") == pytest.approx(energies(tmp_path / "whole"), abs=1e-6)
    whole, second = (
        json.loads((tmp_path / name / "levels.json").read_text())["products"]
        for name in ("whole", "run")
    )
    assert 0 < second < whole


def energies(folder: Path) -> list[float]:
    with (folder / "levels.csv").open() as file:
        return [float(row["energy"]) for row in csv.DictReader(file)]
