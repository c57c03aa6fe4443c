"""The batch script of docs/cluster.md, with stand-ins for the commands of SLURM."""

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts/pes_train.slurm"
SRUN = '#!/bin/sh\necho srun "$@"\nexit ${CODE}\n'
SCONTROL = '#!/bin/sh\necho scontrol "$@"\n'


@pytest.mark.parametrize(("code", "again"), [(0, False), (2, False), (138, True), (143, False)])
def test_pes_train_goes_on_after_the_time_limit_alone(
    tmp_path: Path, code: int, again: bool
) -> None:
    for name, text in {"srun": SRUN, "scontrol": SCONTROL}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    job = {"SLURM_JOB_ID": "7", "SLURM_CPUS_PER_TASK": "4", "CODE": str(code)}
    run = subprocess.run(
        ["bash", str(SCRIPT), "my water.yaml", "--minutes", "5"],
        env=os.environ | job | {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    first = (
        "srun --kill-on-bad-exit=1 --cpus-per-task=4 "
        "pes-train --config my water.yaml --resume auto --minutes 5"
    )
    assert run.stdout.splitlines() == [first, *(["scontrol requeue 7"] if again else [])]
    assert (run.returncode, run.stderr) == (code, "")
