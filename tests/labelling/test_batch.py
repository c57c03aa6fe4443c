import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from toy_programs import never, square, square_unless_negative, square_with_a_bug

from pes.labelling.batch import HOPELESS, run_batch
from pes.labelling.journal import read_journal

SETTINGS = {"basis": "sto-3g"}
Run = Callable[..., list]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "points.journal.jsonl"


@pytest.fixture
def run(path: Path) -> Iterator[Run]:
    """Run a batch on one thread."""
    with ThreadPoolExecutor(1) as thread:

        def run(calculate: Callable, inputs: Sequence[Any], **how: Any) -> list:
            return run_batch(calculate, inputs, path, SETTINGS, submit=thread.submit, **how)

        yield run


def test_records_come_in_the_order_of_the_inputs(path: Path, run: Run) -> None:
    records = run(square, [3.0, 1.0, 2.0])
    assert records == [{"row": k, "energy": e} for k, e in enumerate((9.0, 1.0, 4.0))]
    assert json.loads(path.read_text().splitlines()[0]) == SETTINGS


def test_finished_points_are_not_calculated_again(run: Run) -> None:
    first = run(square, [3.0, 1.0])
    assert run(never, [3.0, 1.0]) == first
    told = []
    run(square, [3.0, 1.0, 2.0], report=lambda *numbers: told.append(numbers))
    assert told == [(2, 0, 3), (3, 0, 3)]


def test_failures_stay_until_they_are_tried_again(run: Run) -> None:
    records = run(square_unless_negative, [1.0, -1.0, 2.0])
    failure = "RuntimeError: SCF did not converge in 200 cycles"
    assert records[1] == {"row": 1, "failure": failure}
    assert [r.get("energy") for r in records] == [1.0, None, 4.0]
    assert run(never, [1.0, -1.0, 2.0]) == records
    assert run(square, [1.0, -1.0, 2.0], retry=True)[1] == {"row": 1, "energy": 1.0}
    assert run(never, [1.0, -1.0, 2.0])[1] == {"row": 1, "energy": 1.0}


def test_a_batch_that_only_fails_is_given_up(path: Path, run: Run) -> None:
    # Which of several workers is first is up to them.
    with pytest.raises(ValueError, match=rf"first {HOPELESS} points all failed; row \d: .*--retry"):
        run(square_unless_negative, [-1.0] * 50)
    assert len(read_journal(path, SETTINGS)) >= HOPELESS


def test_a_bug_stops_the_batch_at_once_and_keeps_what_was_done(path: Path, run: Run) -> None:
    inputs = [5.0, 0.0, *range(1, 200)]
    with pytest.raises(TypeError, match="a bug"):
        run(square_with_a_bug, inputs)
    done = read_journal(path, SETTINGS)
    assert done[0] == {"row": 0, "energy": 25.0}
    # All 200 points would be there if the batch had gone on.
    assert len(done) < 100


SCRIPT = """
import sys
from pathlib import Path
from toy_programs import logged_square
from pes.labelling.batch import run_batch
from pes.labelling.processes import processes

if __name__ == "__main__":
    _, count, seconds, journal, log = sys.argv
    items = [(log, k, float(seconds)) for k in range(40)]
    with processes(int(count)) as submit:
        run_batch(logged_square, items, Path(journal), {"basis": "x"}, submit=submit)
"""


@pytest.fixture
def start(path: Path) -> Iterator[Callable[..., subprocess.Popen]]:
    """Start the script with so many processes and seconds for each point."""
    script, started = path.with_name("script.py"), list[subprocess.Popen]()
    script.write_text(SCRIPT)
    tests = Path(__file__).parents[1]
    paths = os.pathsep.join([str(tests), str(tests.parent)])

    def start(count: int, seconds: float) -> subprocess.Popen:
        log = path.with_name("log")
        run = subprocess.Popen(
            [sys.executable, script, str(count), str(seconds), path, log],
            stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": paths},
        )  # fmt: skip
        started.append(run)
        return run

    yield start
    for run in started:
        run.kill()
        run.communicate()


def wait_for(there: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not there():
        assert time.monotonic() < end, "nothing came for a minute"
        time.sleep(0.01)


def begun(path: Path) -> list[list[int]]:
    """Row and process of each calculation that was begun."""
    log = path.with_name("log")
    lines = log.read_text().splitlines() if log.exists() else []
    return [[int(word) for word in line.split()] for line in lines if " " in line]


def test_no_worker_outlives_a_killed_run(path: Path, start: Callable) -> None:
    """The workers hold the other end of its pipe: it is at its end when the last of them is."""
    run = start(2, 1000)
    wait_for(lambda: len(begun(path)) == 2)
    run.kill()
    # Far less than the 1000 s that the workers still have to sleep.
    assert run.communicate(timeout=120) == (b"", None)


def test_killed_runs_and_workers_lose_nothing_and_repeat_one_point_each(
    path: Path, start: Callable
) -> None:
    def lines() -> int:
        return path.read_text().count("\n") if path.exists() else 0

    run = start(1, 0.03)
    wait_for(lambda: lines() > 5)
    run.kill()
    run.wait()
    run, before = start(1, 0.03), lines()
    wait_for(lambda: lines() > before + 5)
    os.kill(begun(path)[-1][1], signal.SIGKILL)
    assert run.wait(timeout=60) == 0
    done = read_journal(path, {"basis": "x"})
    assert [done[k]["energy"] for k in range(40)] == [k**2 for k in range(40)]
    repeated = Counter(row for row, _ in begun(path))
    assert sum(repeated.values()) - 40 <= 2  # one for each kill
    assert len(path.read_text().splitlines()) == 41
