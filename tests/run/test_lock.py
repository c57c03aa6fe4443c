"""One folder, one writer."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pes.files import HOST
from pes.run import lock
from pes.run.lock import LOCK, locked


def test_the_lock_goes_with_the_block(tmp_path: Path) -> None:
    with locked(tmp_path):
        content = json.loads((tmp_path / LOCK).read_text())
        assert (content["pid"], content["host"]) == (os.getpid(), HOST)
        assert [p.name for p in tmp_path.iterdir()] == [LOCK]
    assert not list(tmp_path.iterdir())


def held(folder: Path) -> str:
    with pytest.raises(ValueError) as caught, locked(folder):
        pass
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    with locked(tmp_path):
        words = f"{tmp_path} is being written to by process {os.getpid()} on {HOST}"
        assert held(tmp_path).startswith(words)
        assert (tmp_path / LOCK).exists()


def write(folder: Path, **changes: object) -> None:
    own = {"host": HOST, "pid": os.getpid(), "started": lock._started(os.getpid()), "time": "now"}
    (folder / LOCK).write_text(json.dumps(own | changes))


def test_a_dead_process_holds_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    write(tmp_path, pid=int(done.stdout), started=None)
    with locked(tmp_path):
        assert json.loads((tmp_path / LOCK).read_text())["pid"] == os.getpid()
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc here")
def test_a_number_of_a_process_that_is_used_again(tmp_path: Path) -> None:
    write(tmp_path, started="1")
    with locked(tmp_path):
        pass


def test_another_machine_is_believed(tmp_path: Path) -> None:
    write(tmp_path, host="elsewhere", pid=2**22)
    assert f"if that process has ended, remove {tmp_path / LOCK}" in held(tmp_path)
    (tmp_path / LOCK).write_text("no JSON")
    assert "by another process" in held(tmp_path)


def test_two_processes_take_over_one_stale_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process is faster between the look and the renaming: its lock stays."""
    write(tmp_path, started="1")
    read, looks = lock._read, []

    def faster(path: Path) -> dict | None:
        content = read(path)
        if not looks:
            write(tmp_path, time="faster")
        looks.append(path)
        return content

    monkeypatch.setattr(lock, "_read", faster)
    held(tmp_path)
    assert json.loads((tmp_path / LOCK).read_text())["time"] == "faster"
    assert [p.name for p in tmp_path.iterdir()] == [LOCK]


def test_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(source: object, target: object) -> None:
        raise PermissionError(1, "Operation not permitted", str(source), None, str(target))

    monkeypatch.setattr(os, "link", none)
    with locked(tmp_path):
        held(tmp_path)
    assert not list(tmp_path.iterdir())
