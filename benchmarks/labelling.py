"""Workers and kills of `pes-label`: how well workers share the points, and what a SIGKILL costs.

    python benchmarks/labelling.py

A point is a toy: it waits, as for a program, and writes down that it was begun. Needs the extra
`dask`. First 60 points on a `LocalCluster` of one and of two workers that are up, the best of
three; then 600 points during which ten SIGKILLs hit the whole command, with one worker, and ten
more one of two workers.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

import pes
from pes.labelling.batch import run_batch
from pes.labelling.label import JOURNAL
from pes.labelling.workers import Dask

WAIT, POINTS, REPEATS = 0.5, 60, 3
KILLED_WAIT, KILLED_POINTS, KILLS = 0.1, 600, 10


def wait(row: int, seconds: float) -> dict[str, float]:
    """A point of a cluster."""
    time.sleep(seconds)
    return {"row": row, "energy": row}


def toy(x: np.ndarray) -> float:
    """A point of a command that is killed; its number is the distance."""
    with open(os.environ["TOY_LOG"], "a") as log:
        log.write(f"{x[1, 0]:.0f} {os.getpid()}\n")
    time.sleep(KILLED_WAIT)
    return float(x[1, 0])


def shared(workers: int) -> float:
    """Wall time of the points on a cluster that is up."""
    with tempfile.TemporaryDirectory() as folder, Dask(count=workers).started() as submit:
        for future in [submit(wait, k, WAIT) for k in range(2 * workers)]:
            future.result()
        begun = time.perf_counter()
        journal = Path(folder) / JOURNAL
        records = run_batch(wait, [WAIT] * POINTS, journal, {}, submit=submit)
        seconds = time.perf_counter() - begun
    assert [record["row"] for record in records] == list(range(POINTS))
    return seconds


def command(folder: Path, workers: int) -> subprocess.Popen:
    """This file as the command that labels."""
    return subprocess.Popen([sys.executable, __file__, str(folder), str(workers)])


def labelled(folder: Path, workers: int) -> None:
    """Label two atoms at growing distances."""
    x = np.zeros((KILLED_POINTS, 2, 3))
    x[:, 1, 0] = np.arange(1, KILLED_POINTS + 1)
    result = pes.label(x, toy, folder, symbols="H H", workers=workers)
    assert result.dataset.energies.tolist() == x[:, 1, 0].tolist()


def lines(path: Path) -> list[str]:
    """Whole lines of a file that may not be there yet."""
    return path.read_text().split("\n")[:-1] if path.exists() else []


def killed(folder: Path, log: Path) -> str:
    """Kill the command and its workers, then let it end; what was lost and repeated."""
    journal = folder / JOURNAL

    def more() -> None:
        there = len(lines(journal))
        while len(lines(journal)) < there + 10:
            assert run.poll() is None, "the command ended before all kills"
            time.sleep(0.02)

    for _ in range(KILLS):
        run = command(folder, 1)
        more()
        run.kill()
        run.wait()
    run = command(folder, 2)
    for _ in range(KILLS):
        more()
        os.kill(int(lines(log)[-1].split()[1]), signal.SIGKILL)
    assert run.wait() == 0
    begun = Counter(line.split()[0] for line in lines(log))
    again = sum(begun.values()) - len(begun)
    return (
        f"{2 * KILLS} SIGKILLs: {len(lines(journal)) - 1} of {KILLED_POINTS} points are there, "
        f"{again} begun again, none more than {max(begun.values())} times"
    )


def main() -> None:
    """Both parts."""
    times = {count: min(shared(count) for _ in range(REPEATS)) for count in (1, 2)}
    for count, seconds in times.items():
        print(f"LocalCluster of {count}: {POINTS} points of {WAIT} s in {seconds:.2f} s")
    print(f"ratio {times[1] / times[2]:.3f}")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TOY_LOG"] = f"{folder}/log"
        print(killed(Path(folder) / "run", Path(folder) / "log"))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        labelled(Path(sys.argv[1]), int(sys.argv[2]))
    else:
        main()
