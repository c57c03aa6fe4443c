"""SIGKILL at any moment, also while the state is being saved, costs nothing but time."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PROGRAM = Path(__file__).with_name("killed_run.py")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks its trainings")
@pytest.mark.parametrize(
    ("seed", "count", "trainings"),
    [
        (0, 1, ["levenberg_marquardt", "ensemble_on_linear_surfaces"]),
        pytest.param(1, 12, [], marks=pytest.mark.slow),
    ],
)
def test_killed_anywhere_ends_bit_for_bit_the_same(
    tmp_path: Path, tiny_run: Callable[[Path], Path], seed: int, count: int, trainings: list[str]
) -> None:
    """So many moments drawn for optimizers and an ensemble, within saving and between."""
    folder = tiny_run(tmp_path)
    run = subprocess.run(
        [sys.executable, PROGRAM, str(seed), str(count), *trainings],
        cwd=folder, text=True, capture_output=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    found = json.loads((folder / "found.json").read_text())
    assert len(found) == (len(trainings) or 6) * count
    for one in found:
        assert one["same"], one
        assert one["epochs"] == list(range(1, 9)), one
    in_save = [one for one in found if "-save-" in one["run"]]
    assert {one["code"] for one in in_save} == {-signal.SIGKILL}
    assert {one["done"] for one in in_save} - {8}, "some were killed before their end"
