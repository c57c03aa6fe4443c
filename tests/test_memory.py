"""Free memory under the limits of made-up control groups; the numbers are those of the files."""

from pathlib import Path

import pytest
import torch

from pes import memory
from pes.memory import free_memory

CPU = torch.device("cpu")
STEP = "system.slice/slurmstepd.scope/job_7/step_0"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with 8 MB available whose process lies in a step of a SLURM job."""
    monkeypatch.setattr(memory, "CGROUPS", tmp_path)
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "PROCESS_GROUPS", tmp_path / "process")
    (tmp_path / "meminfo").write_text("MemTotal: 16000 kB\nMemAvailable: 8000 kB\n")
    (tmp_path / "process").write_text(f"0::/{STEP}\n")
    (tmp_path / STEP).mkdir(parents=True)
    return tmp_path


def test_this_machine() -> None:
    free = free_memory(CPU)
    assert free is None or free > 2**20  # this test runs


def test_without_a_limit_the_machine_counts(machine: Path) -> None:
    (machine / STEP / "memory.max").write_text("max\n")
    (machine / STEP / "memory.current").write_text("1000000\n")
    assert free_memory(CPU) == 8000 * 1024


@pytest.mark.parametrize("group", [STEP, "system.slice/slurmstepd.scope/job_7", "system.slice", ""])
def test_limit_of_any_group_above_the_process(machine: Path, group: str) -> None:
    (machine / group / "memory.max").write_text("3000000\n")
    (machine / group / "memory.current").write_text("1000000\n")
    assert free_memory(CPU) == 2_000_000
    (machine / group / "memory.stat").write_text("anon 5\ninactive_file 400000\n")
    assert free_memory(CPU) == 2_400_000


def test_the_tightest_limit_counts(machine: Path) -> None:
    for group, limit in (("system.slice", 5_000_000), (STEP, 1_500_000)):
        (machine / group / "memory.max").write_text(f"{limit}\n")
        (machine / group / "memory.current").write_text("1000000\n")
    assert free_memory(CPU) == 500_000


def test_first_version_of_control_groups(machine: Path) -> None:
    (machine / "process").write_text("5:cpuset:/x\n4:memory:/slurm/uid_1/job_7\n")
    job = machine / "memory" / "slurm" / "uid_1" / "job_7"
    job.mkdir(parents=True)
    (job / "memory.limit_in_bytes").write_text("4000000\n")
    (job / "memory.usage_in_bytes").write_text("1000000\n")
    (job / "memory.stat").write_text("inactive_file 1\ntotal_inactive_file 200000\n")
    assert free_memory(CPU) == 3_200_000


def test_more_used_than_allowed(machine: Path) -> None:
    (machine / STEP / "memory.max").write_text("10\n")
    (machine / STEP / "memory.current").write_text("20\n")
    assert free_memory(CPU) == 0


def test_a_system_that_says_nothing(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("meminfo", "process"):
        (machine / name).unlink()
    monkeypatch.delattr("os.sysconf")
    assert free_memory(CPU) is None
