import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pes.data.generation import read_journal, run_journal

SETTINGS = {"basis": "sto-3g", "ranges": ((0.7, 1.75), (40.0, 180.0))}

# These run in worker processes, so they must not be closures.


def square(value: float) -> dict[str, Any]:
    return {"energy": value**2}


def square_unless_negative(value: float) -> dict[str, Any]:
    if value < 0:
        raise RuntimeError("SCF did not converge in 200 cycles")
    return square(value)


def square_with_a_bug(value: float) -> dict[str, Any]:
    if value == 0:
        raise TypeError("a bug")
    time.sleep(0.1)
    return square(value)


def never(value: float) -> dict[str, Any]:
    raise AssertionError("calculated again")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "points.journal.jsonl"


def finished(path: Path, inputs: list[float]) -> list[str]:
    """Lines, ends kept, of a journal with all points."""
    run_journal(square, inputs, path, SETTINGS, workers=1)
    return path.read_text().splitlines(keepends=True)


def test_records_come_in_the_order_of_the_inputs(path: Path) -> None:
    records = run_journal(square, [3.0, 1.0, 2.0], path, SETTINGS)
    assert records == [{"row": k, "energy": e} for k, e in enumerate((9.0, 1.0, 4.0))]
    assert json.loads(path.read_text().splitlines()[0]) == json.loads(json.dumps(SETTINGS))


def test_finished_points_are_not_calculated_again(path: Path) -> None:
    first = run_journal(square, [3.0, 1.0], path, SETTINGS, workers=1)
    assert run_journal(never, [3.0, 1.0], path, SETTINGS, workers=1) == first


@pytest.mark.parametrize("torn", range(1, 12, 3))
def test_a_torn_last_line_is_calculated_again(path: Path, torn: int) -> None:
    lines = finished(path, [3.0, 1.0, 2.0])
    path.write_text("".join(lines)[:-torn])
    assert len(read_journal(path, SETTINGS)) == 2
    assert path.read_text() == "".join(lines[:-1])
    run_journal(square, [3.0, 1.0, 2.0], path, SETTINGS, workers=1)
    assert path.read_text() == "".join(lines)


def test_a_torn_first_line_is_a_fresh_start(path: Path) -> None:
    header = finished(path, [3.0])[0]
    for length in (0, 1, len(header) // 2, len(header) - 1):
        path.write_text(header[:length])
        assert read_journal(path, SETTINGS) == {}
        assert path.read_text() == header


@pytest.mark.parametrize("first", ['{"basis": "cc-pVTZ"}\n', "1,2,3\n", "no newline", "\n"])
def test_a_file_of_another_kind_is_refused_and_left_alone(path: Path, first: str) -> None:
    path.write_text(first)
    with pytest.raises(ValueError, match=r"points.* was written with other settings; move it"):
        run_journal(square, [1.0], path, SETTINGS)
    assert path.read_text() == first


def test_order_of_settings_does_not_matter(path: Path) -> None:
    finished(path, [3.0])
    assert read_journal(path, dict(reversed(SETTINGS.items()))) == {0: {"row": 0, "energy": 9.0}}


@pytest.mark.parametrize("damage", ["{\n", "\n", "7\n", '{"energy": 1.0}\n'])
def test_a_damaged_line_is_named(path: Path, damage: str) -> None:
    lines = finished(path, [3.0, 1.0])
    path.write_text(lines[0] + damage + lines[2])
    with pytest.raises(ValueError, match=r"points.*, line 2: damaged; remove that line"):
        read_journal(path, SETTINGS)


def test_failures_are_recorded_and_stay(path: Path) -> None:
    records = run_journal(square_unless_negative, [1.0, -1.0, 2.0], path, SETTINGS)
    failure = "RuntimeError: SCF did not converge in 200 cycles"
    assert records[1] == {"row": 1, "failure": failure}
    assert [r.get("energy") for r in records] == [1.0, None, 4.0]
    assert run_journal(never, [1.0, -1.0, 2.0], path, SETTINGS) == records


def test_a_bug_stops_the_batch_at_once_and_keeps_what_was_done(path: Path) -> None:
    inputs = [5.0, 0.0, *range(1, 200)]
    start = time.monotonic()
    with pytest.raises(TypeError, match="a bug"):
        run_journal(square_with_a_bug, inputs, path, SETTINGS, workers=1)
    # All 200 points would take 20 s.
    assert time.monotonic() - start < 10
    assert read_journal(path, SETTINGS)[0] == {"row": 0, "energy": 25.0}


SCRIPT = """
import sys, time
from pathlib import Path
from pes.data.generation import run_journal

def slow_square(value):
    time.sleep(0.05)
    return {"energy": value**2}

if __name__ == "__main__":
    run_journal(slow_square, list(range(1000)), Path(sys.argv[1]), {"basis": "x"}, workers=1)
"""


ENDLESS = """
import os, sys, time
from pathlib import Path
from pes.data.generation import run_journal

def sleep(value):
    os.write(1, b".")
    time.sleep(1000)

if __name__ == "__main__":
    run_journal(sleep, [1, 2, 3], Path(sys.argv[1]), {"basis": "x"}, workers=3)
"""


def test_no_worker_outlives_a_killed_run(path: Path) -> None:
    """The workers hold the other end of the pipe: it is at its end when the last of them is."""
    script = path.with_name("script.py")
    script.write_text(ENDLESS)
    run = subprocess.Popen(
        [sys.executable, script, path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert run.stdout is not None
        assert run.stdout.read(3) == "..."
    finally:
        run.kill()
    # Far less than the 1000 s that the workers still have to sleep.
    assert run.communicate(timeout=120) == ("", None)


def test_a_killed_run_keeps_every_finished_point(path: Path) -> None:
    script = path.with_name("script.py")
    script.write_text(SCRIPT)
    run = subprocess.Popen([sys.executable, script, path], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while not path.exists() or path.read_text().count("\n") < 5:
            assert time.monotonic() < deadline, "the run wrote nothing for a minute"
            time.sleep(0.02)
    finally:
        run.kill()
        run.wait()
    done = read_journal(path, {"basis": "x"})
    assert len(done) >= 4
    records = run_journal(square, list(range(len(done) + 2)), path, {"basis": "x"}, workers=1)
    assert [r["energy"] for r in records] == [k**2 for k in range(len(done) + 2)]
